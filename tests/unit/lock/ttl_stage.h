// ttl_stage.h: what the tests of TTLs on the fake ensemble share: contenders for one lock, each on
// a machine of its own, and a referee that is notified of every grant and every purge.
#ifndef ZKLOCK_TESTS_UNIT_LOCK_TTL_STAGE_H_
#define ZKLOCK_TESTS_UNIT_LOCK_TTL_STAGE_H_

#include <gtest/gtest.h>
#include <zklock/lock_observer.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace zklock::testing {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// Two leases are never valid at once, none is when its claim is purged, and tokens rise. A lease
/// that is not valid never becomes so again, so it is enough to look when one is granted. REQUIRES:
/// the clocks of all machines run alike, whatever they show.
///
/// Thread safety: all of it may be called from any thread.
class Referee final : public LockObserver {
 public:
  void on_granted(const Lease& lease, nanoseconds) override {
    const std::scoped_lock lock(mutex_);
    for (const Lease& other : leases_) {
      EXPECT_FALSE(other.valid()) << other.znode() << " and " << lease.znode() << ", both at once";
      EXPECT_LT(other.fencing_token(), lease.fencing_token());
    }
    leases_.push_back(lease);
  }
  void on_purged(const std::string& znode) override {
    const std::scoped_lock lock(mutex_);
    for (const Lease& lease : leases_) {
      EXPECT_FALSE(lease.znode() == znode && lease.valid()) << znode << " is purged while valid";
    }
    purged_.push_back(znode);
  }
  void on_requeued(const std::string& znode) override {
    const std::scoped_lock lock(mutex_);
    requeued_.push_back(znode);
  }

  [[nodiscard]] std::vector<std::string> purged() const {
    const std::scoped_lock lock(mutex_);
    return purged_;
  }
  [[nodiscard]] std::vector<std::string> requeued() const {
    const std::scoped_lock lock(mutex_);
    return requeued_;
  }
  /// Leases keep their clients.
  void forget_leases() {
    const std::scoped_lock lock(mutex_);
    leases_.clear();
  }

 private:
  mutable std::mutex mutex_;
  std::vector<Lease> leases_;          // guarded by mutex_: in the order of their grants
  std::vector<std::string> purged_;    // guarded by mutex_
  std::vector<std::string> requeued_;  // guarded by mutex_
};

/// A contender on a machine of its own.
struct TtlContender {
  FakeZooKeeper* zookeeper;
  FakeMachine* machine;
  FakeZooKeeper::Client client;
  std::unique_ptr<ZooKeeperLock> lock;

  /// The lock is free.
  [[nodiscard]] Lease takes_it() const {
    return machine->run([this] { return lock->lock(); });
  }
  /// On a thread of its machine's.
  [[nodiscard]] std::error_code unlocks(const Lease& lease) const {
    std::error_code error;
    lock->unlock(lease, {}, error);
    return error;
  }
  /// The same on a thread of the test's. The next waiter knows when this returns.
  [[nodiscard]] std::error_code releases(const Lease& lease) const {
    const std::error_code error = machine->run([&] { return unlocks(lease); });
    zookeeper->settle();
    return error;
  }
};

class TtlStage {
 public:
  static constexpr const char* kPath = "/locks";
  static constexpr milliseconds kTtl{1'000};
  /// A contender leaves a thousandth for drift.
  static constexpr nanoseconds kPurgedAfter = kTtl + kTtl / 1'000;

  explicit TtlStage(const FakeOptions& options = {}) : zookeeper(options) {
    zookeeper.create(kPath);
  }
  ~TtlStage() { referee->forget_leases(); }
  TtlStage(const TtlStage&) = delete;
  TtlStage& operator=(const TtlStage&) = delete;

  [[nodiscard]] TtlContender contender(const std::string& host, milliseconds ttl = kTtl,
                                       bool purge_without_ttl = false) {
    FakeMachine& machine = zookeeper.machine(host);
    TtlContender made{&zookeeper, &machine, machine.connect({.session_timeout = 20s}), nullptr};
    ZooKeeperLockConfig config{
        .path = kPath, .ttl = ttl, .purge_without_ttl = purge_without_ttl, .observer = referee};
    made.lock = machine.run([&] { return std::make_unique<ZooKeeperLock>(config, made.client); });
    return made;
  }
  /// Does it on a thread of its machine's.
  template <class Call>
  [[nodiscard]] auto begins(const TtlContender& who, Call call) {
    auto result = who.machine->run([&] { return zookeeper.in_background(std::move(call)); });
    zookeeper.settle();
    return result;
  }
  /// It is in the queue when this returns, if its messages get through.
  [[nodiscard]] std::future<Lease> queues(const TtlContender& who, const Context& context = {}) {
    return begins(who, [lock = who.lock.get(), context] { return lock->lock(context); });
  }

  template <class Value>
  [[nodiscard]] static bool has_ended(const std::future<Value>& call) {
    return call.wait_for(0s) == std::future_status::ready;
  }
  /// Of a call that is over: what it was granted. No lease, and the test has failed, if nothing.
  [[nodiscard]] static Lease granted(std::future<Lease>& call) {
    if (!has_ended(call)) {
      ADD_FAILURE() << "it still waits";
      return {};
    }
    try {
      return call.get();
    } catch (const LockError& error) {
      ADD_FAILURE() << "a user is shown an error: " << error.what();
      return {};
    }
  }

  /// Lets time pass until the call is over, at most so much. Returns how much did, to within a
  /// millisecond.
  template <class Value>
  nanoseconds await(const std::future<Value>& call, nanoseconds patience) {
    nanoseconds passed{0};
    for (; !has_ended(call) && passed < patience; passed += 1ms) zookeeper.advance(1ms);
    return passed;
  }

  FakeZooKeeper zookeeper;
  const std::shared_ptr<Referee> referee = std::make_shared<Referee>();
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_UNIT_LOCK_TTL_STAGE_H_
