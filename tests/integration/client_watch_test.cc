// Watches of the client that `connect` returns, on a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/recording_watcher.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Type = WatchEvent::Type;

constexpr std::int32_t kAny = ZooKeeperClient::kAnyVersion;

/// Passes its events on to a recorder, which may have several such sources. `before`, if there is
/// one, is called before that.
class ForwardingWatcher final : public Watcher {
 public:
  using Before = std::function<void(const WatchEvent&)>;

  explicit ForwardingWatcher(std::shared_ptr<RecordingWatcher> recorder, bool is_prompt = false,
                             Before before = {})
      : recorder_(std::move(recorder)), is_prompt_(is_prompt), before_(std::move(before)) {}

  void on_event(const WatchEvent& event) override {
    if (before_) before_(event);
    recorder_->on_event(event);
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return is_prompt_; }

 private:
  const std::shared_ptr<RecordingWatcher> recorder_;
  const bool is_prompt_;
  const Before before_;
};

auto is_event(Type type, const std::string& path) {
  return ::testing::AllOf(Field(&WatchEvent::type, type), Field(&WatchEvent::path, path));
}

class WatcherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static_cast<void>(other_->create("/zklock-test", "", Acl::open(), soon()));  // may exist
    ASSERT_TRUE(other_->create(path_, "data", Acl::open(), soon()));
  }

  [[nodiscard]] std::shared_ptr<ForwardingWatcher> watcher(
      ForwardingWatcher::Before before = {}) const {
    return std::make_shared<ForwardingWatcher>(heard_, false, std::move(before));
  }
  void change() { ASSERT_TRUE(other_->set(path_, "", kAny, soon())); }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  LoopbackProxy proxy_{server_.port()};
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingWatcher> heard_ = std::make_shared<RecordingWatcher>();
  const std::shared_ptr<ClaimClient> other_ = testing::connect_claim_client(server_.address());
  const std::shared_ptr<RecordingLogger> log_ = std::make_shared<RecordingLogger>();
  const std::shared_ptr<ClaimClient> client_ =
      testing::connect_claim_client(proxy_.address(), {.logger = log_});
};

/// With watchers that are prompt, and others that are not.
class WatchTest : public WatcherTest, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(, WatchTest, ::testing::Bool(), [](const auto& is_prompt) {
  return is_prompt.param ? "Prompt" : "NotPrompt";
});

TEST_P(WatchTest, ReportsAChangeOnce) {
  const auto watching = std::make_shared<ForwardingWatcher>(heard_, GetParam());
  const Result<Znode> znode = client_->get_and_watch(path_, watching, soon());
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "data");
  change();
  ASSERT_TRUE(heard_->await(1));
  change();
  // A second event would come before those of the next watch.
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  ASSERT_TRUE(heard_->await(2));
  EXPECT_THAT(heard_->events(),
              ElementsAre(is_event(Type::changed, path_), is_event(Type::deleted, path_)));
  EXPECT_EQ(heard_->events()[0].connection, znode->connection);
}

TEST_P(WatchTest, ReportsADeletionWhileDisconnectedAfterTheReconnect) {
  const auto watching = std::make_shared<ForwardingWatcher>(heard_, GetParam());
  const Result<Znode> znode = client_->get_and_watch(path_, watching, soon());
  ASSERT_TRUE(znode);
  proxy_.refuse();
  ASSERT_TRUE(other_->remove(path_, kAny, soon()));
  proxy_.heal();
  ASSERT_TRUE(heard_->await(2));
  EXPECT_THAT(heard_->events(),
              ElementsAre(is_event(Type::reconnected, path_), is_event(Type::deleted, path_)));
  EXPECT_GT(heard_->events()[1].connection, znode->connection);
}

TEST_P(WatchTest, ReportsTheEndOfTheSession) {
  const auto client = connect(proxy_.address(), {.session_timeout = 1'500ms});
  const auto watching = std::make_shared<ForwardingWatcher>(heard_, GetParam());
  ASSERT_TRUE(client->get_and_watch(path_, watching, soon()));
  const Result<Enqueued> enqueued =
      testing::as_claim_client(client)->enqueue({.directory = path_}, soon());
  ASSERT_TRUE(enqueued);
  proxy_.hold_to_server();
  proxy_.hold_to_client();
  ASSERT_TRUE(becomes_true([&] { return !other_->get(enqueued->claim.path, soon()); }));
  proxy_.heal();
  proxy_.cut();
  ASSERT_TRUE(heard_->await(1));
  EXPECT_THAT(heard_->events(), ElementsAre(is_event(Type::session_lost, path_)));
  // And then nothing: the watch is over.
  ASSERT_TRUE(becomes_true([&] { return client->get(path_, soon()).has_value(); }));
  change();
  ASSERT_TRUE(client->get_and_watch(path_, watching, soon()));
  change();
  ASSERT_TRUE(heard_->await(2));
  EXPECT_THAT(heard_->events(), SizeIs(2));
}

TEST_F(WatcherTest, MayCallTheClientAndBlock) {
  std::string read;
  const auto watching = watcher([&](const WatchEvent&) {
    const Result<Znode> znode = client_->get(path_, soon());
    if (znode) read = znode->data;
  });
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(other_->set(path_, "new", kAny, soon()));
  ASSERT_TRUE(heard_->await(1));
  EXPECT_EQ(read, "new");
}

TEST_F(WatcherTest, DoesNotHoldUpTheNetworkWhileItRuns) {
  std::promise<void> end;
  const auto watching = watcher([&](const WatchEvent&) { end.get_future().wait(); });
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  const auto prompt = std::make_shared<ForwardingWatcher>(heard_, true);
  ASSERT_TRUE(client_->get_and_watch(path_, prompt, soon()));
  change();
  EXPECT_TRUE(heard_->await(1)) << "the prompt one";
  EXPECT_TRUE(client_->get(path_, soon()));
  end.set_value();
  EXPECT_TRUE(heard_->await(2));
}

TEST_F(WatcherTest, MayCloseTheClient) {
  bool is_closed = false;
  const auto watching =
      watcher([&](const WatchEvent&) { is_closed = client_->close(soon()).has_value(); });
  const auto session = client_->session();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  change();
  ASSERT_TRUE(heard_->await(1));
  EXPECT_TRUE(is_closed);
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(client_->get(path_, soon()).error(), ZooKeeperErrc::closing);
}

TEST_F(WatcherTest, MayDropTheLastReferenceToTheClient) {
  auto client = connect(server_.address());
  const auto session = testing::as_claim_client(client)->session();
  const auto watching = watcher([&](const WatchEvent&) { client.reset(); });
  ASSERT_TRUE(client->get_and_watch(path_, watching, soon()));
  change();
  ASSERT_TRUE(heard_->await(1));
  EXPECT_TRUE(is_stopped(session->lost()));
}

TEST_F(WatcherTest, MayThrow) {
  const auto watching = watcher([](const WatchEvent&) { throw std::runtime_error("no luck"); });
  const auto after = watcher();
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  ASSERT_TRUE(client_->get_and_watch(path_, after, soon()));
  change();
  ASSERT_TRUE(heard_->await(1)) << "the next watcher is still called";
  EXPECT_TRUE(becomes_true([&] { return log_->has("no luck"); }));
}

TEST_F(WatcherTest, DroppedWatcherIsNotNotified) {
  const auto not_heard = std::make_shared<RecordingWatcher>();
  auto dropped = std::make_shared<ForwardingWatcher>(not_heard, true);
  ASSERT_TRUE(client_->get_and_watch(path_, dropped, soon()));
  const auto kept = std::make_shared<ForwardingWatcher>(heard_, true);
  ASSERT_TRUE(client_->get_and_watch(path_, kept, soon()));
  dropped.reset();
  change();
  ASSERT_TRUE(heard_->await(1)) << "told after the dropped one would be";
  EXPECT_THAT(not_heard->events(), IsEmpty());
}

TEST_F(WatcherTest, IsNotSetOnAMissingNode) {
  const auto watching = watcher();
  const std::string path = path_ + "/later";
  EXPECT_EQ(client_->get_and_watch(path, watching, soon()).error(), ZooKeeperErrc::no_node);
  ASSERT_TRUE(other_->create(path, "", Acl::open(), soon()));
  ASSERT_TRUE(other_->set(path, "", kAny, soon()));
  ASSERT_TRUE(client_->get_and_watch(path_, watching, soon()));
  change();
  ASSERT_TRUE(heard_->await(1));
  EXPECT_THAT(heard_->events(), ElementsAre(is_event(Type::changed, path_)));
}

TEST_F(WatcherTest, InTheBackgroundReportsAMissingNodeAsDeleted) {
  const auto watching = watcher();
  client_->watch_in_background(path_ + "/none", watching);
  ASSERT_TRUE(heard_->await(1));
  EXPECT_THAT(heard_->events(), ElementsAre(is_event(Type::deleted, path_ + "/none")));
}

TEST_F(WatcherTest, GetsPathsWithoutTheChroot) {
  ASSERT_TRUE(other_->create(path_ + "/node", "", Acl::open(), soon()));
  const auto client = connect(server_.address() + path_);
  const auto watching = watcher();
  ASSERT_TRUE(client->get_and_watch("/node", watching, soon()));
  ASSERT_TRUE(other_->set(path_ + "/node", "", kAny, soon()));
  ASSERT_TRUE(heard_->await(1));
  EXPECT_THAT(heard_->events(), ElementsAre(is_event(Type::changed, "/node")));

  const Result<Enqueued> enqueued =
      testing::as_claim_client(client)->enqueue({.directory = "/node"}, soon());
  ASSERT_TRUE(enqueued);
  EXPECT_EQ(enqueued->claim.path.rfind("/node/_c_", 0), 0U);
  EXPECT_TRUE(other_->get(path_ + enqueued->claim.path, soon()));
}

}  // namespace
}  // namespace zklock::test
