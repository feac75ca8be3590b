// More claims than the servers can delete in one go are spread over sessions, by themselves.
#include "client/session_capacity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "client/watch_table.h"
#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SessionRoomTest : public ::testing::Test {
 protected:
  explicit SessionRoomTest(const FakeOptions& options = {}) : zookeeper_(options) {}

  struct Held {
    std::unique_ptr<ZooKeeperLock> lock;
    Lease lease;
  };

  /// Long paths: 63 claims fill a session.
  [[nodiscard]] static std::string path(int number) {
    return "/" + std::to_string(number) + "-" + std::string(8'000, 'x');
  }
  Held hold(int number) {
    Held held{std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = path(number)}, client_),
              {}};
    held.lease = held.lock->lock();
    return held;
  }
  void hold(int from, int to) {
    for (int number = from; number < to; ++number) held_.push_back(hold(number));
  }
  [[nodiscard]] std::int64_t session_of(const Lease& lease) const {
    const auto znode = zookeeper_.get(lease.znode());
    return znode ? znode->stat.ephemeral_owner : 0;
  }
  [[nodiscard]] std::map<std::int64_t, std::size_t> bytes_of_sessions() const {
    std::map<std::int64_t, std::size_t> bytes;
    for (const Held& held : held_) bytes[session_of(held.lease)] += held.lease.znode().size();
    return bytes;
  }

  FakeZooKeeper zookeeper_;
  FakeZooKeeper::Client client_ = zookeeper_.connect();
  std::vector<Held> held_;
};

TEST_F(SessionRoomTest, NoSessionHasMoreThanTheServersCanDeleteAtOnce) {
  hold(0, 140);
  const auto sessions = bytes_of_sessions();
  EXPECT_THAT(sessions, SizeIs(3));
  for (const auto& [session, bytes] : sessions) {
    EXPECT_NE(session, 0);
    EXPECT_LT(bytes, 512U * 1024U);
  }
  for (const Held& held : held_) EXPECT_TRUE(held.lease.valid());
}

TEST_F(SessionRoomTest, ReleasedClaimsMakeRoom) {
  hold(0, 70);
  const std::int64_t first = session_of(held_.front().lease);
  ASSERT_NE(session_of(held_.back().lease), first);
  for (int i = 0; i < 10; ++i) {
    held_.front().lock->unlock(held_.front().lease);
    held_.erase(held_.begin());
  }
  EXPECT_EQ(session_of(hold(70).lease), first);
}

TEST_F(SessionRoomTest, ALockWhoseClaimsAreInSeveralSessionsIsOneQueue) {
  hold(0, 58);
  ZooKeeperLock lock({.path = path(1'000)}, client_);
  std::vector<std::future<Lease>> waiting;
  for (int i = 0; i < 10; ++i) {
    waiting.push_back(zookeeper_.in_background([&lock] { return lock.lock(); }));
    zookeeper_.settle();
  }
  std::map<std::int64_t, int> sessions;
  std::int64_t token = 0;
  for (auto& call : waiting) {
    zookeeper_.advance(1s);
    ASSERT_EQ(call.wait_for(0s), std::future_status::ready);
    const Lease lease = call.get();
    EXPECT_TRUE(lease.valid());
    EXPECT_GT(lease.fencing_token(), token);
    token = lease.fencing_token();
    ++sessions[session_of(lease)];
    lock.unlock(lease);
  }
  EXPECT_THAT(sessions, SizeIs(2));
}

TEST_F(SessionRoomTest, OnlyHoldersInTheEndedSessionAreNotified) {
  hold(0, 70);
  const std::int64_t first = session_of(held_.front().lease);
  zookeeper_.expire_session(client_);  // the one that it opened last
  zookeeper_.advance(1s);
  int lost = 0;
  for (const Held& held : held_) {
    EXPECT_EQ(held.lease.valid(), session_of(held.lease) == first);
    if (!held.lease.valid()) ++lost;
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 70);
}

TEST_F(SessionRoomTest, ClosingTheClientEndsAllSessions) {
  hold(0, 70);
  EXPECT_TRUE(client_->close(Context().with_timeout(1s)));
  for (const Held& held : held_) {
    EXPECT_FALSE(held.lease.valid());
    EXPECT_FALSE(zookeeper_.get(held.lease.znode()));
  }
  std::error_code error;
  held_.front().lock->lock(Context().with_timeout(1s), error);
  EXPECT_EQ(error, Errc::locking_failed);
}

TEST_F(SessionRoomTest, ClosingWithoutAConnectionTakesOneSessionTimeout) {
  hold(0, 140);
  ASSERT_THAT(bytes_of_sessions(), SizeIs(3));
  zookeeper_.cut(client_);
  auto closed = zookeeper_.in_background([&] { return client_->close({}); });
  zookeeper_.advance(11s);  // the session timeout is 10 s
  ASSERT_EQ(closed.wait_for(0s), std::future_status::ready);
  EXPECT_TRUE(closed.get());
}

/// With messages that take their time, 50 ms each.
class SlowSessionRoomTest : public SessionRoomTest {
 protected:
  SlowSessionRoomTest() : SessionRoomTest({.latency = 50ms}) {}

  std::future<Lease> begin_to_lock(ZooKeeperLock& lock) {
    auto call = zookeeper_.in_background([&lock] { return lock.lock(); });
    zookeeper_.settle();
    return call;
  }
  void hold_slowly(int from, int to) {
    std::vector<std::future<Lease>> calls;
    for (int i = from; i < to; ++i) {
      const ZooKeeperLockConfig config{.path = path(i)};
      held_.push_back({std::make_unique<ZooKeeperLock>(config, client_), {}});
      calls.push_back(begin_to_lock(*held_.back().lock));
    }
    zookeeper_.advance(5s);
    for (std::size_t i = 0; i < calls.size(); ++i) held_[i].lease = calls[i].get();
  }
};

TEST_F(SlowSessionRoomTest, AWaiterInAnotherSessionIsGrantedWithoutDelay) {
  hold_slowly(0, 62);
  ZooKeeperLock lock({.path = path(1'000)}, client_);
  auto first = begin_to_lock(lock);
  zookeeper_.advance(1s);
  const Lease lease = first.get();
  auto second = begin_to_lock(lock);
  zookeeper_.advance(1min);
  auto released = zookeeper_.in_background([&] { lock.unlock(lease); });
  zookeeper_.advance(100ms + 1us);  // the request that removes the claim, and the event
  ASSERT_EQ(second.wait_for(0s), std::future_status::ready);
  EXPECT_NE(session_of(second.get()), session_of(held_.front().lease));
  zookeeper_.advance(1s);
  EXPECT_NO_THROW(released.get());
}

TEST_F(SessionRoomTest, PendingRemovalsAreCountedOverAllSessions) {
  hold(0, 70);
  EXPECT_EQ(testing::as_claim_client(client_)->pending_removals().count, 0U);
  zookeeper_.cut(client_);
  std::error_code error;
  for (Held* held : {&held_.front(), &held_.back()}) {
    held->lock->unlock(held->lease, Context().with_timeout(10ms), error);
    EXPECT_EQ(error, Errc::unlocking_failed);
  }
  EXPECT_EQ(testing::as_claim_client(client_)->pending_removals().count, 2U);
  zookeeper_.restore(client_);
  zookeeper_.advance(1s);
  EXPECT_EQ(testing::as_claim_client(client_)->pending_removals().count, 0U);
  EXPECT_THAT(zookeeper_.children(path(0)), IsEmpty());
  EXPECT_THAT(zookeeper_.children(path(69)), IsEmpty());
}

TEST_F(SessionRoomTest, ConcurrentClaimsAreSpreadToo) {
  zookeeper_.cut(client_);
  std::vector<std::unique_ptr<ZooKeeperLock>> locks;
  std::vector<std::future<Lease>> calls;
  for (int i = 0; i < 100; ++i) {
    locks.push_back(std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = path(i)}, client_));
    calls.push_back(zookeeper_.in_background([&lock = *locks.back()] { return lock.lock(); }));
  }
  zookeeper_.settle();
  zookeeper_.restore(client_);
  zookeeper_.advance(5s);
  for (auto& call : calls) {
    ASSERT_EQ(call.wait_for(0s), std::future_status::ready);
    held_.push_back({nullptr, call.get()});
  }
  const auto sessions = bytes_of_sessions();
  EXPECT_THAT(sessions, SizeIs(2));
  for (const auto& [session, bytes] : sessions) EXPECT_LT(bytes, 512U * 1024U);
}

TEST_F(SessionRoomTest, AReleasedLeaseTakesNoRoom) {
  hold(0, 70);
  const std::int64_t first = session_of(held_.front().lease);
  for (int i = 0; i < 10; ++i) {
    held_[static_cast<std::size_t>(i)].lock->unlock(held_[static_cast<std::size_t>(i)].lease);
  }
  EXPECT_EQ(session_of(hold(70).lease), first);
}

/// Waits that were given up leave their watches behind: libzookeeper cannot remove one.
class OldWatchesTest : public SessionRoomTest {
 protected:
  void give_up_a_hundred_waits() {
    for (int i = 100; i < 200; ++i) {
      const ZooKeeperLockConfig config{.path = path(i)};
      theirs_.push_back(std::make_unique<ZooKeeperLock>(config, their_client_));
      static_cast<void>(theirs_.back()->lock());
      auto given_up = zookeeper_.in_background([&] {
        ZooKeeperLock lock(config, client_);
        return static_cast<bool>(lock.try_lock_for(10ms));
      });
      zookeeper_.settle();
      zookeeper_.advance(20ms);
      EXPECT_FALSE(given_up.get());
    }
  }

  const FakeZooKeeper::Client their_client_ = zookeeper_.connect();
  std::vector<std::unique_ptr<ZooKeeperLock>> theirs_;
};

TEST_F(OldWatchesTest, TakeRoom) {
  give_up_a_hundred_waits();
  EXPECT_NE(testing::as_claim_client(client_)->with_capacity(), nullptr);
}

TEST_F(OldWatchesTest, DoNotKeepASessionWithoutClaims) {
  hold(0, 63);
  const std::weak_ptr<ZooKeeperClient> other = testing::as_claim_client(client_)->with_capacity();
  ASSERT_FALSE(other.expired());
  give_up_a_hundred_waits();
  EXPECT_NE(testing::as_claim_client(client_)->with_capacity(), nullptr);
  EXPECT_TRUE(other.expired());
}

TEST(SessionRoomBytesTest, CountTheChroot) {
  const internal::WatchTable watches{internal::UserCallbacks(), internal::Log()};
  const internal::SessionCapacity room(100'000);  // of the chroot
  std::vector<std::shared_ptr<void>> claims;
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(room.is_left(watches.totals())) << i;
    claims.push_back(room.try_reserve(8));
  }
  EXPECT_FALSE(room.is_left(watches.totals()));
  claims.pop_back();
  EXPECT_TRUE(room.is_left(watches.totals()));
}

TEST(SessionRoomBytesTest, StayBelowTheLimitForConcurrentReservations) {
  const internal::SessionCapacity room(0);
  const auto taken = room.reserve(internal::SessionCapacity::kLimit - 104);
  EXPECT_EQ(room.try_reserve(97), nullptr);
  const auto last = room.try_reserve(96);
  EXPECT_NE(last, nullptr) << "what was refused takes nothing";
  EXPECT_EQ(room.try_reserve(0), nullptr);
}

TEST(SessionRoomBytesTest, CountTheWatches) {
  internal::WatchTable watches{internal::UserCallbacks(), internal::Log()};
  const internal::SessionCapacity room(350'000);
  const std::shared_ptr<Watcher> nobody;
  const auto one = watches.add("/one", nobody);
  const auto two = watches.add("/two", nobody);
  EXPECT_TRUE(room.is_left(watches.totals())) << "none of them is known to stand";
  watches.watch_stands("/one", one.generation);
  watches.watch_stands("/one", one.generation);
  EXPECT_TRUE(room.is_left(watches.totals()));
  watches.watch_stands("/two", two.generation);
  EXPECT_FALSE(room.is_left(watches.totals()));
  watches.fire(WatchEvent::Type::deleted, "/one", 1);
  EXPECT_TRUE(room.is_left(watches.totals()));
  watches.watch_stands("/one", watches.add("/one", nobody).generation);
  EXPECT_FALSE(room.is_left(watches.totals()));
  watches.lost_with_wire();
  EXPECT_TRUE(room.is_left(watches.totals()));
}

}  // namespace
}  // namespace zklock::testing
