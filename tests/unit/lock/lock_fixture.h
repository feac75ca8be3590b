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
#include "support/tiny_zookeeper.h"
#include "support/virtual_clock.h"

namespace zklock {

using namespace std::chrono_literals;
using zklock::testing::in_background;
using zklock::testing::TimePasses;

/// Remembers what it was told.
class RecordingObserver final : public LockObserver {
 public:
  struct Told {
    std::string what;
    std::string znode;
    std::size_t ahead = 0;
    std::optional<LockError> error{};
    Lease lease{};
    std::chrono::nanoseconds waited{0};
  };

  void on_waiting(const std::string& znode, std::size_t ahead) override {
    note({.what = "waiting", .znode = znode, .ahead = ahead});
  }
  void on_granted(const Lease& lease, std::chrono::nanoseconds waited) override {
    note({.what = "granted", .znode = lease.znode(), .lease = lease, .waited = waited});
  }
  void on_lock_failed(const std::string& path, const LockError& error,
                      std::chrono::nanoseconds waited) override {
    note({.what = "lock_failed", .znode = path, .error = error, .waited = waited});
  }
  void on_requeued(const std::string& znode) override {
    note({.what = "requeued", .znode = znode});
  }
  void on_purged(const std::string& znode) override { note({.what = "purged", .znode = znode}); }
  void on_released(const Lease& lease) override {
    note({.what = "released", .znode = lease.znode(), .lease = lease});
  }
  void on_unlock_failed(const Lease& lease, const LockError& error) override {
    note({.what = "unlock_failed", .znode = lease.znode(), .error = error, .lease = lease});
  }
  void on_lost(const Lease& lease) override {
    note({.what = "lost", .znode = lease.znode(), .lease = lease});
  }

  [[nodiscard]] std::vector<Told> all(const std::string& what) const {
    const std::scoped_lock lock(mutex_);
    std::vector<Told> found;
    for (const Told& told : told_) {
      if (told.what == what) found.push_back(told);
    }
    return found;
  }
  [[nodiscard]] std::size_t count(const std::string& what) const { return all(what).size(); }
  [[nodiscard]] std::vector<std::string> order() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (const Told& told : told_) names.push_back(told.what);
    return names;
  }
  /// Waits, for real, until it was told this so often.
  [[nodiscard]] bool await(const std::string& what, std::size_t times = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] {
      const auto is_it = [&](const Told& told) { return told.what == what; };
      return std::count_if(told_.begin(), told_.end(), is_it) >= static_cast<std::ptrdiff_t>(times);
    });
  }
  /// A lease keeps its lock's observer, and this observer the leases.
  void forget_all() {
    std::vector<Told> forgotten;
    const std::scoped_lock lock(mutex_);
    forgotten.swap(told_);
    forgets_ = true;
  }

 private:
  void note(Told told) {
    {
      const std::scoped_lock lock(mutex_);
      if (!forgets_) told_.push_back(std::move(told));
    }
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Told> told_;  // guarded by mutex_
  bool forgets_ = false;    // guarded by mutex_
};

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

/// What `call` throws.
template <class Call>
LockError error_of(const Call& call) {
  try {
    call();
  } catch (const LockError& error) {
    return error;
  }
  ADD_FAILURE() << "nothing was thrown";
  return LockError(std::error_code());
}

class LockTest : public ::testing::Test {
 protected:
  // Behind other claims, in front of the lock's own: those begin with 5.
  static constexpr const char* kFirst = "/locks/lock-0000000001";
  static constexpr const char* kSecond = "/locks/lock-0000000002";
  static constexpr const char* kThird = "/locks/lock-0000000003";

  LockTest() { zk_->make("/locks"); }
  ~LockTest() override {
    seen_->forget_all();
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

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<zklock::testing::TinyZooKeeper> zk_ =
      std::make_shared<zklock::testing::TinyZooKeeper>();
  const std::shared_ptr<RecordingObserver> seen_ = std::make_shared<RecordingObserver>();
};

}  // namespace zklock

#endif  // ZKLOCK_TESTS_UNIT_LOCK_LOCK_FIXTURE_H_
