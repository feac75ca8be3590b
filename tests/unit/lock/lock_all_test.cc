// Several locks at once, on the fake ensemble.
#include <gmock/gmock.h>
#include <zklock/lock_all.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/testing/lease_source.h>
#include <zklock/testing/mock_lock.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <type_traits>
#include <vector>

#include "support/error_of.h"
#include "support/is_stopped.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::_;
using ::testing::An;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::InSequence;
using ::testing::IsEmpty;
using ::testing::NiceMock;
using ::testing::Throw;

static_assert(!std::is_move_constructible_v<LockAllGuard>);

/// Writes down which path is granted, and which is released, in their order.
class Diary final : public LockObserver {
 public:
  explicit Diary(std::vector<std::string>& lines) : lines_(lines) {}
  void on_granted(const Lease& lease, std::chrono::nanoseconds) override {
    lines_.push_back("locked " + path_of(lease));
  }
  void on_released(const Lease& lease) override { lines_.push_back("unlocked " + path_of(lease)); }

 private:
  static std::string path_of(const Lease& lease) {
    return lease.znode().substr(0, lease.znode().rfind('/'));
  }
  std::vector<std::string>& lines_;
};

class LockAllTest : public ::testing::Test {
 protected:
  struct Contender {
    explicit Contender(FakeZooKeeper& zookeeper) : client(zookeeper.connect()) {}
    FakeZooKeeper::Client client;
    ZooKeeperLock a{{.path = "/a"}, client};
    ZooKeeperLock b{{.path = "/b"}, client};
    ZooKeeperLock c{{.path = "/c"}, client};
  };

  [[nodiscard]] std::vector<std::size_t> queues() const {
    return {zookeeper_.children("/a").size(), zookeeper_.children("/b").size(),
            zookeeper_.children("/c").size()};
  }

  FakeZooKeeper zookeeper_;
  Contender ours_{zookeeper_};
  Contender theirs_{zookeeper_};
};

TEST_F(LockAllTest, HoldsAllAndGivesAllBack) {
  {
    const LockAllGuard guard = lock_all(3s, ours_.c, ours_.a, ours_.b);
    EXPECT_TRUE(guard.valid());
    EXPECT_GT(guard.valid_until(), std::chrono::steady_clock::time_point::min());
    EXPECT_FALSE(guard.lost().stop_requested());
    EXPECT_FALSE(guard.loss_reason());
    EXPECT_EQ(guard.lease(ours_.b), ours_.b.lease());
    EXPECT_FALSE(guard.lease(theirs_.b));
    EXPECT_THAT(queues(), ElementsAre(1, 1, 1));
  }
  EXPECT_THAT(queues(), ElementsAre(0, 0, 0));
}

TEST_F(LockAllTest, WaitsUntilALockThatWasSuspendedMeanwhileIsCertainAgain) {
  ZooKeeperLock first({.path = "/first", .when_uncertain = WhenUncertain::suspend}, ours_.client);
  ZooKeeperLock second({.path = "/second"}, theirs_.client);
  const Lease theirs = second.lock();
  auto all = zookeeper_.in_background([&] {
    const LockAllGuard guard = lock_all(Context().with_timeout(10min), first, second);
    return guard.valid();
  });
  zookeeper_.advance(1min);
  const Lease held = first.lease();
  zookeeper_.cut(ours_.client);
  zookeeper_.advance(held.remaining() + 1ms);
  EXPECT_FALSE(held.valid());
  second.unlock(theirs);
  zookeeper_.settle();
  zookeeper_.restore(ours_.client);
  zookeeper_.advance(10s);
  EXPECT_TRUE(all.get());
}

TEST_F(LockAllTest, LocksInTheOrderOfThePathsAndUnlocksInTheReverse) {
  std::vector<std::string> lines;
  const auto diary = std::make_shared<Diary>(lines);
  ZooKeeperLock a({.path = "/a", .observer = diary}, ours_.client);
  ZooKeeperLock ab({.path = "/a/b", .observer = diary}, ours_.client);
  ZooKeeperLock b({.path = "b/", .observer = diary},
                  theirs_.client);  // the order is of all clients
  { const LockAllGuard guard = lock_all(3s, b, a, ab); }
  EXPECT_THAT(lines, ElementsAre("locked /a", "locked /a/b", "locked /b", "unlocked /b",
                                 "unlocked /a/b", "unlocked /a"));
}

TEST_F(LockAllTest, CallersWithOppositeOrdersDoNotWaitForEachOther) {
  constexpr int kRounds = 20;
  int held = 0;
  int rounds = 0;
  const auto work = [&](auto take) {
    return [&, take] {
      for (int round = 0; round < kRounds; ++round) {
        const LockAllGuard guard = take();
        EXPECT_EQ(++held, 1);
        ++rounds;
        --held;
      }
    };
  };
  std::stop_source cancel;
  const Context context = Context().with_stop_token(cancel.get_token());
  auto there =
      zookeeper_.in_background(work([&] { return lock_all(context, ours_.a, ours_.b, ours_.c); }));
  auto back = zookeeper_.in_background(
      work([&] { return lock_all(context, theirs_.c, theirs_.b, theirs_.a); }));
  zookeeper_.settle();
  zookeeper_.advance(10s);
  cancel.request_stop();  // if they wait for each other, they end
  zookeeper_.advance(1s);
  EXPECT_EQ(rounds, 2 * kRounds);
  EXPECT_NO_THROW(there.get());
  EXPECT_NO_THROW(back.get());
}

TEST_F(LockAllTest, DeadlineInTheMiddleGivesBackWhatWasLocked) {
  const LockGuard busy(theirs_.c);
  const LockError error =
      error_of([&] { static_cast<void>(lock_all(3s, ours_.a, ours_.b, ours_.c)); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_THAT(error.what(), HasSubstr("/c"));
  EXPECT_THAT(queues(), ElementsAre(0, 0, 1));
}

TEST_F(LockAllTest, OneDeadlineIsForAll) {
  const Lease first = theirs_.a.lock();
  const LockGuard second(theirs_.c);
  auto end = zookeeper_.in_background([this] {
    return error_of([&] { static_cast<void>(lock_all(3s, ours_.a, ours_.c)); }).code();
  });
  zookeeper_.settle();
  zookeeper_.advance(2s);
  theirs_.a.unlock(first);
  zookeeper_.settle();
  EXPECT_EQ(end.wait_for(0s), std::future_status::timeout);
  zookeeper_.advance(1s);
  ASSERT_EQ(end.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(end.get(), Errc::locking_timed_out);
}

TEST_F(LockAllTest, ReturnsByItsDeadlineThoughTheServersDoNotAnswer) {
  const LockGuard busy(theirs_.c);
  auto end = zookeeper_.in_background([this] {
    return error_of([&] { static_cast<void>(lock_all(3s, ours_.a, ours_.c)); }).code();
  });
  zookeeper_.settle();
  zookeeper_.stall(ours_.client);
  zookeeper_.advance(3s + 100ms);
  ASSERT_EQ(end.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(end.get(), Errc::locking_timed_out);
  zookeeper_.restore(ours_.client);
  zookeeper_.advance(1s);
  EXPECT_THAT(queues(), ElementsAre(0, 0, 1));
}

TEST_F(LockAllTest, CancellingTheCallGivesBackWhatWasLocked) {
  const LockGuard busy(theirs_.b);
  std::stop_source cancel;
  auto end = zookeeper_.in_background([&] {
    const Context context = Context().with_stop_token(cancel.get_token());
    return error_of([&] { static_cast<void>(lock_all(context, ours_.a, ours_.b)); }).code();
  });
  zookeeper_.settle();
  cancel.request_stop();
  zookeeper_.advance(1s);
  ASSERT_EQ(end.wait_for(0s), std::future_status::ready);
  EXPECT_EQ(end.get(), Errc::locking_canceled);
  EXPECT_THAT(queues(), ElementsAre(0, 1, 0));
}

TEST_F(LockAllTest, LossOfOneIsALossOfAll) {
  const LockAllGuard guard = lock_all(3s, ours_.a, ours_.b, ours_.c);
  zookeeper_.advance(1s);  // short holds are not watched
  zookeeper_.remove(guard.lease(ours_.b).znode());
  zookeeper_.settle();
  EXPECT_TRUE(test::is_stopped(guard.lost()));
  EXPECT_FALSE(guard.valid());
  EXPECT_EQ(guard.loss_reason(), LossReason::claim_deleted);
  EXPECT_EQ(guard.valid_until(), std::chrono::steady_clock::time_point::min());
  EXPECT_TRUE(guard.lease(ours_.a).valid());
}

TEST_F(LockAllTest, ReleaseIsNoLoss) {
  LockAllGuard guard = lock_all(3s, ours_.a, ours_.b);
  guard.unlock();
  EXPECT_FALSE(guard.valid());
  EXPECT_FALSE(guard.lost().stop_requested());
  EXPECT_FALSE(guard.loss_reason());
  EXPECT_THAT(queues(), ElementsAre(0, 0, 0));
  guard.unlock();  // does nothing
}

TEST_F(LockAllTest, UnlockReportsALossAndReleasesTheOthers) {
  LockAllGuard guard = lock_all(3s, ours_.a, ours_.b, ours_.c);
  zookeeper_.advance(1s);
  zookeeper_.remove(guard.lease(ours_.b).znode());
  zookeeper_.settle();
  EXPECT_EQ(error_of([&] { guard.unlock(); }).code(), Errc::lock_lost);
  EXPECT_THAT(queues(), ElementsAre(0, 0, 0));
}

TEST_F(LockAllTest, LossWhileOthersAreAwaitedEndsTheCall) {
  const LockGuard busy(theirs_.b);
  auto end = zookeeper_.in_background(
      [this] { return error_of([&] { static_cast<void>(lock_all({}, ours_.a, ours_.b)); }); });
  zookeeper_.settle();
  zookeeper_.advance(1s);
  zookeeper_.remove(ours_.a.lease().znode());
  zookeeper_.advance(1s);
  ASSERT_EQ(end.wait_for(0s), std::future_status::ready);
  const LockError error = end.get();
  EXPECT_EQ(error.code(), Errc::lock_lost);
  EXPECT_THAT(error.what(), HasSubstr("/a/"));
  EXPECT_THAT(queues(), ElementsAre(0, 1, 0));
}

TEST_F(LockAllTest, AnEndedTtlOfTheFirstOneIsALoss) {
  ZooKeeperLock brief({.path = "/a", .ttl = 1s}, ours_.client);
  MockLock slow;
  EXPECT_CALL(slow, do_lock).WillOnce([this](const Context&) {
    zookeeper_.advance(2s);
    return LeaseSource().grant();
  });
  EXPECT_CALL(slow, do_unlock(An<const Lease&>(), _));
  EXPECT_EQ(error_of([&] { static_cast<void>(lock_all({}, brief, slow)); }).code(),
            Errc::lock_lost);
  EXPECT_THAT(zookeeper_.children("/a"), IsEmpty());
}

TEST_F(LockAllTest, RefusesWhatIsGivenTwice) {
  const auto refusal = [](const auto& call) {
    const LockError error = error_of(call);
    EXPECT_EQ(error.code(), Errc::invalid_config);
    return std::string(error.what());
  };
  EXPECT_THAT(refusal([&] { static_cast<void>(lock_all(3s, ours_.a, ours_.b, ours_.a)); }),
              HasSubstr("a lock is given twice: /a"));
  EXPECT_THAT(refusal([&] { static_cast<void>(lock_all(3s, ours_.a, ours_.b, theirs_.a)); }),
              HasSubstr("two locks have the path /a"));
  EXPECT_THAT(refusal([] { static_cast<void>(lock_all({}, std::vector<Lock*>())); }),
              HasSubstr("there are no locks"));
  EXPECT_THAT(refusal([&] {
                static_cast<void>(lock_all({}, std::vector<Lock*>{&ours_.a, nullptr}));
              }),
              HasSubstr("a lock is null"));
  EXPECT_THAT(queues(), ElementsAre(0, 0, 0));
}

TEST_F(LockAllTest, TakesLocksWhoseNumberIsNotKnown) {
  const std::vector<Lock*> locks{&ours_.b, &ours_.a};
  const LockAllGuard guard = lock_all(Context().with_timeout(3s), locks);
  EXPECT_TRUE(guard.valid());
  EXPECT_THAT(queues(), ElementsAre(1, 1, 0));
}

TEST_F(LockAllTest, ALockWithoutALeaseIsNotHeld) {
  NiceMock<MockLock> given_back;  // its grant was released before the others were granted
  const LockError error = error_of([&] { static_cast<void>(lock_all(3s, given_back, ours_.a)); });
  EXPECT_EQ(error.code(), Errc::lock_lost);
  EXPECT_THAT(zookeeper_.children("/a"), IsEmpty());
}

TEST_F(LockAllTest, LocksWithoutAPathComeLastInTheirOrder) {
  NiceMock<MockLock> first;
  NiceMock<MockLock> second;
  LeaseSource source;
  {
    const InSequence in_this_order;
    EXPECT_CALL(first, do_lock).WillOnce([&](const Context&) {
      EXPECT_TRUE(ours_.a.lease().valid());
      return source.grant();
    });
    EXPECT_CALL(second, do_lock).WillOnce(Throw(LockError(Errc::locking_failed)));
    EXPECT_CALL(first, do_unlock(An<const Lease&>(), _));
  }
  EXPECT_EQ(error_of([&] { static_cast<void>(lock_all(3s, first, second, ours_.a)); }).code(),
            Errc::locking_failed);
  EXPECT_THAT(zookeeper_.children("/a"), IsEmpty());
}

}  // namespace
}  // namespace zklock::testing
