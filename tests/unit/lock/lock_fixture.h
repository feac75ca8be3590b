// lock_fixture.h: what the tests of the lock share: a lock on znodes in memory, in time that the
// test moves.
#ifndef ZKLOCK_TESTS_UNIT_LOCK_LOCK_FIXTURE_H_
#define ZKLOCK_TESTS_UNIT_LOCK_LOCK_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "queue/metadata.h"
#include "support/error_of.h"
#include "support/recording_logger.h"
#include "support/recording_observer.h"
#include "support/tiny_zookeeper.h"
#include "support/virtual_clock.h"

namespace zklock {

using namespace std::chrono_literals;
using zklock::test::error_of;
using zklock::test::RecordingLogger;
using zklock::test::RecordingObserver;
using zklock::testing::in_background;
using zklock::testing::TimePasses;

/// A call of `lock` on a thread of its own. It is cancelled when the test is through with it.
class Waiter {
 public:
  explicit Waiter(Lock& lock, const Context& context = {})
      : call_(in_background([&lock, context = context.with_stop_token(stop_.get_token())] {
          return lock.lock(context);
        })) {}
  ~Waiter() { stop_.request_stop(); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  [[nodiscard]] bool is_done() { return call_.is_done(); }
  void cancel() { stop_.request_stop(); }

  /// Waits, for real, until it is granted. Throws what `lock` throws.
  Lease lease() {
    if (!call_.await()) {
      ADD_FAILURE() << "it still waits";
      stop_.request_stop();
    }
    return call_.get();
  }
  LockError error() {
    try {
      lease();
    } catch (const LockError& error) {
      return error;
    }
    ADD_FAILURE() << "it was granted";
    return LockError(std::error_code());
  }

 private:
  std::stop_source stop_;
  zklock::testing::BackgroundCall<Lease> call_;
};

class LockTest : public ::testing::Test {
 protected:
  // Behind other claims, in front of the lock's own: those begin with 5.
  static constexpr const char* kFirst = "/locks/lock-0000000001";
  static constexpr const char* kSecond = "/locks/lock-0000000002";
  static constexpr const char* kThird = "/locks/lock-0000000003";

  LockTest() { zk_->make("/locks"); }
  ~LockTest() override {
    // Nobody else holds on to it, once the callbacks that are under way are through.
    time_.settle();
    EXPECT_EQ(zk_.use_count(), 1);
  }

  [[nodiscard]] ZooKeeperLockConfig config() const {
    return {.path = "/locks", .owner_key = "owner", .observer = seen_};
  }
  [[nodiscard]] ZooKeeperLockConfig ttl_config(std::chrono::milliseconds ttl) const {
    ZooKeeperLockConfig config = this->config();
    config.ttl = ttl;
    return config;
  }

  static Context owner(const std::string& name) { return Context().with_value("owner", name); }
  /// A deadline that has passed: one attempt.
  static Context late() { return Context().with_timeout(0s); }

  internal::Metadata metadata_at(const std::string& path) {
    const auto metadata = internal::parse_metadata(zk_->data(path));
    EXPECT_TRUE(metadata) << zk_->data(path);
    return metadata.value_or(internal::Metadata{});
  }

  /// Metadata of another holder, as of now.
  internal::Metadata others(std::optional<std::chrono::nanoseconds> ttl) {
    internal::Metadata metadata;
    metadata.timestamp = time_.wall_now();
    if (ttl) metadata.ttl_deadline = time_.wall_now() + *ttl;
    metadata.owner = "user1";
    metadata.host = "web3";
    metadata.pid = 4242;
    return metadata;
  }

  /// As kafka-kit writes it.
  static std::string foreign_json(const internal::Metadata& metadata) {
    const std::string json = internal::to_json(metadata);
    return json.substr(0, json.find(",\"zklock\"")) + "}";
  }

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<zklock::testing::TinyZooKeeper> zk_ =
      std::make_shared<zklock::testing::TinyZooKeeper>();
  const std::shared_ptr<RecordingObserver> seen_ = std::make_shared<RecordingObserver>();
};

}  // namespace zklock

#endif  // ZKLOCK_TESTS_UNIT_LOCK_LOCK_FIXTURE_H_
