// What the cases of the contract have in common.
#ifndef ZKLOCK_TESTS_CONTRACT_CONTRACT_H_
#define ZKLOCK_TESTS_CONTRACT_CONTRACT_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_client.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "contract/world.h"
#include "support/recording_watcher.h"
#include "support/soon.h"
#include "support/unique_path.h"

namespace zklock::test {

inline constexpr std::int32_t kAny = ZooKeeperClient::kAnyVersion;

/// For calls that are expected to time out.
inline Context briefly() { return Context().with_timeout(std::chrono::milliseconds(30)); }

/// Of sessions that are to expire: not shorter, as a busy machine must not lose them before.
inline constexpr std::chrono::milliseconds kShortSession{800};

/// Rings the world's bell for each event, when it is recorded.
class RingingWatcher final : public RecordingWatcher {
 public:
  /// Prompt ones are notified where the answers are given, so before the answers that come later.
  explicit RingingWatcher(const World& world, bool is_prompt = true)
      : RecordingWatcher(is_prompt), bell_(world.bell()) {}

  void on_event(const WatchEvent& event) override {
    RecordingWatcher::on_event(event);
    bell_->ring();
  }

 private:
  const std::shared_ptr<Bell> bell_;
};

/// A node that exists, a client, and another one that sees what the server sees.
class ContractTest : public ::testing::Test {
 protected:
  using Type = WatchEvent::Type;

  void SetUp() override {
    static_cast<void>(other_->create("/zklock-test", "", Acl::open(), soon()));  // may exist
    ASSERT_TRUE(other_->create(path_, "data", Acl::open(), soon()));
  }

  [[nodiscard]] World::Client connect(const ClientOptions& options = {}) {
    return world_->connect(options);
  }
  /// With an identity.
  [[nodiscard]] World::Client connect_as(const std::string& user_and_password) {
    return connect({.auth = {{"digest", user_and_password}}});
  }
  [[nodiscard]] bool await(const std::function<bool()>& condition) {
    return world_->await(condition);
  }

  /// Creates a persistent child of path_, and returns its path.
  std::string child(const std::string& name, const Acl& acl = Acl::open()) {
    const std::string path = path_ + "/" + name;
    const Result<Created> created = other_->create(path, "", acl, soon());
    EXPECT_TRUE(created) << path << ": " << created.error().message();
    return path;
  }
  /// Enqueues a claim in path_, and returns its path.
  std::string claim(const World::Client& client) {
    const Result<Created> created =
        client->create_protected_ephemeral_sequential(path_ + "/lock-", "", Acl::open(), soon());
    EXPECT_TRUE(created) << created.error().message();
    return created ? created->path : "";
  }
  [[nodiscard]] bool exists(const std::string& path) {
    return other_->get(path, soon()).has_value();
  }
  [[nodiscard]] std::vector<std::string> names() {
    const Result<Children> children = other_->children(path_, soon());
    return children ? children->names : std::vector<std::string>{"?"};
  }
  [[nodiscard]] Stat stat(const std::string& path) {
    const Result<Znode> znode = other_->get(path, soon());
    EXPECT_TRUE(znode) << path << ": " << znode.error().message();
    return znode ? znode->stat : Stat{};
  }
  /// Somebody else's write.
  void change(const std::string& path) { ASSERT_TRUE(other_->set(path, "changed", kAny, soon())); }

  [[nodiscard]] std::shared_ptr<RingingWatcher> watcher(bool is_prompt = true) {
    return std::make_shared<RingingWatcher>(*world_, is_prompt);
  }

  /// Cuts the client off, and returns when it knows.
  void cut(const World::Client& client) {
    world_->cut(client);
    ASSERT_TRUE(await(
        [&] { return client->get("/", briefly()).error() == ZooKeeperErrc::operation_timeout; }));
  }
  /// Breaks the connection, and returns when the client has another one.
  void reconnect(const World::Client& client) {
    const Result<Znode> before = client->get("/", soon());
    ASSERT_TRUE(before);
    world_->break_connection(client);
    ASSERT_TRUE(await([&] {
      const Result<Znode> now = client->get("/", soon());
      return now && now->connection > before->connection;
    }));
  }

  /// A call that runs on another thread.
  template <class T>
  struct Running {
    World& world;
    std::future<void> end;
    std::shared_ptr<std::optional<T>> result;

    [[nodiscard]] T get() {
      const auto is_over = [this] {
        return end.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
      };
      static_cast<void>(world.await(is_over));
      end.get();
      return std::move(**result);
    }
  };
  template <class Call, class T = std::invoke_result_t<Call>>
  [[nodiscard]] Running<T> in_background(Call call) {
    auto result = std::make_shared<std::optional<T>>();
    return {*world_, world_->in_background([result, call] { result->emplace(call()); }), result};
  }
  /// See World::lose_answer.
  template <class Call, class T = std::invoke_result_t<Call>>
  [[nodiscard]] Running<T> lose_answer(const World::Client& client, Call call,
                                       const std::function<bool()>& is_carried_out,
                                       World::Then then = World::Then::reconnect) {
    auto result = std::make_shared<std::optional<T>>();
    return {*world_,
            world_->lose_answer(
                client, [result, call] { result->emplace(call()); }, is_carried_out, then),
            result};
  }

  const std::unique_ptr<World> world_ = make_world();
  const std::string path_ = unique_path();
  // libzookeeper pauses for a 60th of the timeout between attempts to connect.
  const World::Client client_ = connect({.session_timeout = std::chrono::seconds(4)});
  const World::Client other_ = connect();
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_CONTRACT_CONTRACT_H_
