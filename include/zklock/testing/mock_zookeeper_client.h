// zklock/testing/mock_zookeeper_client.h: a gmock of zklock::ZooKeeperClient. Target zklock::mock.
#ifndef ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_
#define ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_

#include <gmock/gmock.h>
#include <zklock/zookeeper_client.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace zklock::testing {

/// All operations of a client. What a test does not say is done as by a server at which nobody else
/// contends: a lock on this mock is granted at once, and released. A test replaces what matters to
/// it by ON_CALL or EXPECT_CALL; use NiceMock where the other calls are not of interest. (The
/// operations of zklock/advanced/claim_client.h are made of these.)
///
/// A claim that a test lets `get_and_watch` return needs an `ephemeral_owner` other than 0 in its
/// stat. Otherwise the lock takes it for a persistent node, which it does not wait for.
class MockZooKeeperClient : public ZooKeeperClient {
 public:
  MockZooKeeperClient() {
    using ::testing::_;
    ON_CALL(*this, children(_, _)).WillByDefault([this](const auto&, const auto&) {
      const std::scoped_lock lock(mutex_);
      return Children{.names = claims_};
    });
    ON_CALL(*this, create(_, _, _, _))
        .WillByDefault([](const std::string& path, const auto&, const auto&, const auto&) {
          return Created{.path = path, .stat = Stat{.czxid = 1, .mzxid = 1}};
        });
    ON_CALL(*this, create_protected_ephemeral_sequential(_, _, _, _))
        .WillByDefault([this](const std::string& path, const auto&, const auto&, const auto&) {
          return make_claim(path);
        });
    ON_CALL(*this, remove(_, _, _))
        .WillByDefault([this](const std::string& path, const auto&, const auto&) {
          const std::scoped_lock lock(mutex_);
          std::erase(claims_, path.substr(path.rfind('/') + 1));
          return Result<void>();
        });
    ON_CALL(*this, get(_, _)).WillByDefault([](const auto&, const auto&) { return own_znode(); });
    ON_CALL(*this, get_and_watch(_, _, _)).WillByDefault([](const auto&, const auto&, const auto&) {
      return own_znode();
    });
    ON_CALL(*this, set(_, _, _, _))
        .WillByDefault([](const auto&, const auto&, std::int32_t version, const auto&) {
          return Stat{.version = version + 1, .ephemeral_owner = kSession};
        });
  }

  MOCK_METHOD(Result<Children>, children, (const std::string& path, const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Created>, create_protected_ephemeral_sequential,
              (const std::string& path, const std::string& data, const Acl& acl,
               const Context& context),
              (override));
  MOCK_METHOD(Result<void>, remove,
              (const std::string& path, std::int32_t version, const Context& context), (override));
  MOCK_METHOD(Result<Znode>, get, (const std::string& path, const Context& context), (override));
  MOCK_METHOD(Result<Znode>, get_and_watch,
              (const std::string& path, const std::shared_ptr<Watcher>& watcher,
               const Context& context),
              (override));
  MOCK_METHOD(Result<Stat>, set,
              (const std::string& path, const std::string& data, std::int32_t version,
               const Context& context),
              (override));

 private:
  static constexpr std::int64_t kSession = 1;

  static Result<Znode> own_znode() { return Znode{.stat = Stat{.ephemeral_owner = kSession}}; }

  Result<Created> make_claim(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    const std::string digits = std::to_string(++last_claim_);
    std::string name = path.substr(path.rfind('/') + 1) +
                       std::string(10 - std::min<std::size_t>(10, digits.size()), '0') + digits;
    std::string claim = path.substr(0, path.rfind('/') + 1) + name;
    claims_.push_back(std::move(name));
    return Created{.path = std::move(claim),
                   .stat = Stat{.czxid = last_claim_, .ephemeral_owner = kSession}};
  }

  std::mutex mutex_;
  std::int64_t last_claim_ = 0;      // guarded by mutex_
  std::vector<std::string> claims_;  // guarded by mutex_: names of those that stand
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTING_MOCK_ZOOKEEPER_CLIENT_H_
