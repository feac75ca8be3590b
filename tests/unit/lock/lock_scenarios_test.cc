// What has broken other lock libraries, played against the lock on the fake ensemble: those that no
// other test plays. tests/README.md has the list.
#include <gmock/gmock.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include "support/as_claim_client.h"

namespace zklock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class LockScenariosTest : public ::testing::Test {
 protected:
  struct Contender {
    FakeZooKeeper::Client client;
    std::unique_ptr<ZooKeeperLock> lock;
  };

  LockScenariosTest() { zookeeper_.create("/locks"); }

  [[nodiscard]] Contender contender() {
    Contender made{zookeeper_.connect(), nullptr};
    made.lock = std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = "/locks"}, made.client);
    return made;
  }
  /// It is in the queue when this returns.
  [[nodiscard]] std::future<Lease> queue_up(Lock& lock, const Context& context = {}) {
    auto waiting = zookeeper_.in_background([&lock, context] { return lock.lock(context); });
    zookeeper_.settle();
    return waiting;
  }
  [[nodiscard]] static bool is_ready(const std::future<Lease>& waiting) {
    return waiting.wait_for(0s) == std::future_status::ready;
  }
  [[nodiscard]] static std::error_code outcome_of(std::future<Lease>& waiting) {
    if (!is_ready(waiting)) return std::make_error_code(std::errc::operation_in_progress);
    try {
      waiting.get();
    } catch (const LockError& error) {
      return error.code();
    }
    return {};
  }
  [[nodiscard]] std::vector<std::string> queue() const { return zookeeper_.children("/locks"); }

  FakeZooKeeper zookeeper_{{.servers = 3}};
};

// --- Claims that stay behind --------------------------------------------------------------------

TEST_F(LockScenariosTest, ACallCanceledDuringItsCreateLeavesNoClaim) {
  const Contender ours = contender();
  zookeeper_.stall(ours.client);
  std::stop_source source;
  auto locked = queue_up(*ours.lock, Context().with_stop_token(source.get_token()));
  source.request_stop();
  zookeeper_.settle();
  EXPECT_EQ(outcome_of(locked), Errc::locking_canceled);
  zookeeper_.restore(ours.client);
  zookeeper_.advance(1s);
  EXPECT_THAT(queue(), IsEmpty());
  EXPECT_EQ(testing::as_claim_client(ours.client)->pending_removals().count, 0U);
}

TEST_F(LockScenariosTest, ALockCanBeTakenAgainAfterALostUnlock) {
  const Contender ours = contender();
  const Lease before = ours.lock->lock();
  zookeeper_.cut(ours.client);
  std::error_code error;
  ours.lock->unlock(before, Context().with_timeout(1s), error);
  EXPECT_EQ(error, Errc::unlocking_failed);
  ours.lock->unlock(before, Context().with_timeout(1s), error);
  EXPECT_EQ(error, Errc::unlocking_failed) << "it is not held any more, and removed without this";
  auto locked = queue_up(*ours.lock);
  zookeeper_.restore(ours.client);
  zookeeper_.advance(1s);
  ASSERT_TRUE(is_ready(locked)) << "its own claim of before is not in its way";
  EXPECT_THAT(queue(), ElementsAre(locked.get().znode()));
}

/// Each deletion makes the next claim the first, milliseconds before that one is deleted as well.
TEST_F(LockScenariosTest, AQueueDeletedClaimByClaimHasNoHolderForLongerThanMilliseconds) {
  const Contender holder = contender();
  const Lease first = holder.lock->lock();
  std::vector<Contender> contenders;
  std::vector<std::future<Lease>> waiting;
  for (int i = 0; i < 6; ++i) {
    contenders.push_back(contender());
    waiting.push_back(queue_up(*contenders.back().lock));
  }
  zookeeper_.advance(1s);
  const std::vector<std::string> claims = queue();
  for (const std::string& claim : claims) {
    zookeeper_.remove(claim);
    zookeeper_.advance(2ms);
  }
  zookeeper_.advance(8ms);
  EXPECT_FALSE(first.valid());
  std::vector<Lease> leases;
  for (std::future<Lease>& turn : waiting) {
    if (is_ready(turn)) leases.push_back(turn.get());
  }
  EXPECT_THAT(leases, Not(IsEmpty())) << "the test deletes too slowly";
  for (const Lease& lease : leases) {
    const bool is_deleted = std::find(claims.begin(), claims.end(), lease.znode()) != claims.end();
    EXPECT_FALSE(is_deleted && lease.valid()) << lease.znode();
  }
}

// --- Two holders --------------------------------------------------------------------------------

TEST_F(LockScenariosTest, AnOldClaimOnALaggingServerIsNeitherAdoptedNorBlocks) {
  const FakeZooKeeper::Client before = zookeeper_.connect_to(0);
  const FakeZooKeeper::Client now = zookeeper_.connect_to(1);
  ZooKeeperLock lost_lock({.path = "/locks"}, before);
  ZooKeeperLock lock({.path = "/locks"}, now);
  const Lease lost = lost_lock.lock();
  zookeeper_.slow_commits(1, 3s);
  zookeeper_.expire_session(before);
  ASSERT_EQ(zookeeper_.server_of(now), 1);
  ASSERT_TRUE(now->get(lost.znode(), {})) << "it knows nothing of the end of that session";
  auto locked = queue_up(lock);
  EXPECT_FALSE(is_ready(locked)) << "the server has not heard of the claim yet";
  zookeeper_.advance(3s);
  ASSERT_TRUE(is_ready(locked));
  const Lease lease = locked.get();
  EXPECT_FALSE(lost.valid());
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(queue(), ElementsAre(lease.znode()));
  EXPECT_EQ(zookeeper_.get(lease.znode())->stat.ephemeral_owner,
            testing::as_claim_client(now)->session()->id());
  EXPECT_GT(lease.fencing_token(), lost.fencing_token());
}

TEST_F(LockScenariosTest, TwoLocksOfOneClientAreTwoContenders) {
  const Contender ours = contender();
  ZooKeeperLock another({.path = "/locks"}, ours.client);
  const Lease lease = ours.lock->lock();
  auto waiting = queue_up(another);
  EXPECT_FALSE(is_ready(waiting));
  EXPECT_THAT(queue(), SizeIs(2));
  std::error_code error;
  another.unlock(lease, {}, error);
  EXPECT_EQ(error, Errc::unlocking_failed) << "it is not this one's";
  EXPECT_TRUE(lease.valid());
  ours.lock->unlock(lease);
  zookeeper_.settle();
  ASSERT_TRUE(is_ready(waiting));
  EXPECT_TRUE(waiting.get().valid());
}

/// Whether claims come now and then (the counter sticks: all numbers are the same) or at once (it
/// wraps: they go on below zero).
class LastNumbersTest : public LockScenariosTest, public ::testing::WithParamInterface<bool> {};

INSTANTIATE_TEST_SUITE_P(, LastNumbersTest, ::testing::Bool(),
                         [](const auto& pace) { return pace.param ? "AtOnce" : "NowAndThen"; });

TEST_P(LastNumbersTest, AreGrantedOneByOneInTheOrderOfTheClaims) {
  constexpr std::int32_t kSecondToLast = 2147483646;
  std::vector<Contender> contenders;
  for (int i = 0; i < 6; ++i) contenders.push_back(contender());
  zookeeper_.set_sequence_counter("/locks", kSecondToLast);
  std::vector<std::future<Lease>> locked;
  for (const Contender& each : contenders) {
    locked.push_back(zookeeper_.in_background([lock = each.lock.get()] { return lock->lock(); }));
    if (!GetParam()) zookeeper_.advance(1s);
  }
  zookeeper_.settle();
  const std::vector<std::string> in_order = queue();
  ASSERT_THAT(in_order, SizeIs(contenders.size()));
  ASSERT_THAT(in_order.back(), EndsWith(GetParam() ? "-lock--2147483645" : "-lock-2147483647"));
  for (const std::string& claim : in_order) {
    std::optional<Lease> granted;
    std::size_t whose = 0;
    for (std::size_t i = 0; i < locked.size(); ++i) {
      if (!locked[i].valid() || !is_ready(locked[i])) continue;
      ASSERT_FALSE(granted) << "two hold the lock";
      granted = locked[i].get();
      whose = i;
    }
    ASSERT_TRUE(granted) << claim << " is not granted";
    EXPECT_EQ(granted->znode(), claim);
    contenders[whose].lock->unlock(*granted);
    zookeeper_.settle();
  }
}

// --- Never granted, or too late -----------------------------------------------------------------

TEST_F(LockScenariosTest, AWaiterBehindADeadWaiterKeepsWaitingForTheHolder) {
  const Contender first = contender();
  const Contender second = contender();
  const Contender third = contender();
  const Lease lease = first.lock->lock();
  std::stop_source end;
  auto middle = queue_up(*second.lock, Context().with_stop_token(end.get_token()));
  auto last = queue_up(*third.lock);
  zookeeper_.cut(second.client);
  zookeeper_.advance(1min);
  EXPECT_THAT(queue(), SizeIs(2)) << "its session is over";
  EXPECT_FALSE(is_ready(last));
  first.lock->unlock(lease);
  zookeeper_.settle();
  ASSERT_TRUE(is_ready(last));
  EXPECT_TRUE(last.get().valid());
  end.request_stop();
  zookeeper_.advance(1s);  // it cannot reach a server to remove its claim
  EXPECT_EQ(outcome_of(middle), Errc::locking_canceled);
}

TEST_F(LockScenariosTest, WakeUpsDoNotExtendAWait) {
  const Contender ours = contender();
  const Contender theirs = contender();
  const Lease lease = theirs.lock->lock();
  auto waiting = queue_up(*ours.lock, Context().with_timeout(3s));
  for (int i = 1; i < 30; ++i) {
    zookeeper_.advance(100ms);
    ASSERT_FALSE(is_ready(waiting)) << "after " << i << " tenths of a second";
    zookeeper_.set(lease.znode(), "changed");
    if (i % 7 == 0) zookeeper_.break_connection(ours.client);
  }
  zookeeper_.advance(100ms);
  ASSERT_TRUE(is_ready(waiting));
  EXPECT_EQ(outcome_of(waiting), Errc::locking_timed_out);
}

TEST_F(LockScenariosTest, ACallThatWasCanceledDoesNotCancelTheNextOne) {
  const Contender ours = contender();
  const Contender theirs = contender();
  const Lease lease = theirs.lock->lock();
  std::stop_source source;
  auto canceled = queue_up(*ours.lock, Context().with_stop_token(source.get_token()));
  source.request_stop();
  zookeeper_.settle();
  EXPECT_EQ(outcome_of(canceled), Errc::locking_canceled);
  auto waiting = queue_up(*ours.lock);
  EXPECT_FALSE(is_ready(waiting));
  theirs.lock->unlock(lease);
  zookeeper_.settle();
  EXPECT_TRUE(is_ready(waiting));
  EXPECT_TRUE(waiting.get().valid());
  source.request_stop();  // late
  EXPECT_TRUE(ours.lock->lease().valid());
}

TEST_F(LockScenariosTest, ARecreatedDirectoryThatContinuesTheNumbersIsNoticed) {
  const Contender busy = contender();
  const Contender other = contender();
  // It does not list the queue any more, as each claim has the number after the last one.
  for (int i = 0; i < 12; ++i) busy.lock->unlock(busy.lock->lock());
  const Lease last = busy.lock->lock();
  const std::string number = last.znode().substr(last.znode().size() - 10);
  busy.lock->unlock(last);
  for (const auto late :
       {0ms, 300ms}) {  // as fast as can be; and the event of the deletion is slow
    zookeeper_.delay_watches(late);
    zookeeper_.remove("/locks");
    zookeeper_.create("/locks");
    zookeeper_.set_sequence_counter("/locks", std::stoi(number));
    const Lease held = other.lock->lock();
    ASSERT_THAT(held.znode(), EndsWith(number));
    auto next = queue_up(*busy.lock, Context().with_timeout(2s));
    zookeeper_.advance(3s);
    EXPECT_EQ(outcome_of(next), Errc::locking_timed_out);
    EXPECT_TRUE(held.valid());
    other.lock->unlock(held);
  }
}

TEST_F(LockScenariosTest, AWaiterWithoutAServerSaysThatTheHolderWasReadBefore) {
  const Contender holder = contender();
  const Lease lease = holder.lock->lock();
  const Contender waiter = contender();
  auto waiting = zookeeper_.in_background([&]() -> std::string {
    try {
      waiter.lock->lock(Context().with_timeout(1s));
      return {};
    } catch (const LockError& error) {
      return error.what();
    }
  });
  zookeeper_.settle();
  zookeeper_.cut(waiter.client);
  zookeeper_.break_connection(waiter.client);
  zookeeper_.advance(2s);
  ASSERT_EQ(waiting.wait_for(0s), std::future_status::ready);
  const std::string text = waiting.get();
  EXPECT_NE(text.find("is held by"), std::string::npos) << text;
  EXPECT_NE(text.find("(read before the connection was lost)"), std::string::npos) << text;
}

}  // namespace
}  // namespace zklock::testing
