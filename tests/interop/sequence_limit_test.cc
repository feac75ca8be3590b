// Sequence numbers at and over 2147483647, where ZooKeeper's counter sticks, wraps and hands out
// duplicates; with other libraries' claims in the same queue. On the fake, which does the same.
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/platform.h"
#include "interop/fake_queue.h"
#include "interop/kafka_kit.h"
#include "support/as_claim_client.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class SequenceLimitTest : public FakeQueueTest {
 protected:
  static constexpr std::int32_t kLast = 2147483647;

  struct Contender {
    std::shared_ptr<ZooKeeperLock> lock;
    std::future<Lease> granted;
    Lease lease{};
  };

  /// Another library's claim, which goes when its client does.
  std::string foreign_claim(const std::string& prefix, const std::string& data) {
    const auto created =
        foreigner_->create_protected_ephemeral_sequential(prefix, data, Acl::open(), {});
    EXPECT_TRUE(created);
    return created ? created->path : "";
  }

  void queue_up_ours(const std::shared_ptr<ZooKeeperLock>& lock) {
    contenders_.push_back({lock, queue_up(lock)});
  }

  /// Connected already: a claim of theirs takes no time.
  [[nodiscard]] std::vector<std::shared_ptr<ZooKeeperLock>> several_of_ours(std::size_t count) {
    std::vector<std::shared_ptr<ZooKeeperLock>> locks;
    while (locks.size() < count) locks.push_back(ours());
    return locks;
  }

  /// The current holder, if there is one. Records the grants since the last call.
  Contender* holder() {
    Contender* found = nullptr;
    for (Contender& each : contenders_) {
      if (each.granted.valid() && is_ready(each.granted)) each.lease = each.granted.get();
      if (!each.lease.valid()) continue;
      EXPECT_FALSE(found) << "two hold the lock: " << each.lease.znode() << ", "
                          << found->lease.znode();
      found = &each;
    }
    return found;
  }

  /// The queue, in the order of creation, is granted one by one: ours are unlocked, others' claims
  /// deleted.
  void expect_to_be_granted_in_order() {
    std::int64_t last_token = 0;
    for (const std::string& claim : queue()) {
      SCOPED_TRACE(claim);
      ASSERT_TRUE(exists(claim)) << "it has gone before its turn";
      Contender* const who = holder();
      if (!is_ours(claim)) {
        EXPECT_FALSE(who) << "though the claim before is not its own";
        zookeeper_.remove(claim);
      } else {
        ASSERT_TRUE(who) << "nobody holds the lock";
        EXPECT_EQ(who->lease.znode(), claim);
        EXPECT_GT(who->lease.fencing_token(), last_token);
        last_token = who->lease.fencing_token();
        who->lock->unlock(who->lease);
      }
      zookeeper_.settle();
    }
    EXPECT_THAT(queue(), IsEmpty());
  }
  [[nodiscard]] bool is_ours(const std::string& claim) const {
    return zookeeper_.get(claim)->stat.ephemeral_owner !=
           testing::as_claim_client(foreigner_)->session()->id();
  }

  const zklock::testing::FakeZooKeeper::Client foreigner_ = zookeeper_.connect();
  std::vector<Contender> contenders_;
};

TEST_F(SequenceLimitTest, GrantsFollowTheCreationAmongOthersClaims) {
  // Now one after the other, now many at once: the counter sticks, wraps, and falls back.
  for (unsigned seed = 1; seed <= 15 && !HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const auto locks = several_of_ours(16);
    zookeeper_.set_sequence_counter(kPath, kLast - static_cast<std::int32_t>(random() % 9));
    for (const auto& lock : locks) {
      switch (random() % 4) {
        case 0:
          foreign_claim("/locks/x-", "");
          break;
        case 1:
          foreign_claim("/locks/lock-", "10.0.0.7");
          break;
        default:
          queue_up_ours(lock);
      }
      if (random() % 2 == 0) zookeeper_.advance(10ms);
    }
    zookeeper_.settle();
    ASSERT_THAT(queue(), SizeIs(locks.size()));
    expect_to_be_granted_in_order();
    contenders_.clear();
  }
}

TEST_F(SequenceLimitTest, PipelinedClaimsGetNegativeNumbersAndKeepTheirOrder) {
  const auto locks = several_of_ours(5);
  zookeeper_.set_sequence_counter(kPath, kLast - 1);
  for (const auto& lock : locks) queue_up_ours(lock);
  zookeeper_.settle();
  EXPECT_THAT(queue(), ElementsAre(EndsWith("-lock-2147483646"), EndsWith("-lock-2147483647"),
                                   EndsWith("-lock--2147483648"), EndsWith("-lock--2147483647"),
                                   EndsWith("-lock--2147483646")));
  expect_to_be_granted_in_order();
}

TEST_F(SequenceLimitTest, NewcomersDoNotOvertakeAHolderWithTheSameNumber) {
  zookeeper_.set_sequence_counter(kPath, kLast);
  for (int round = 0; round < 20; ++round) {
    queue_up_ours(ours());  // its random id comes before the holder's in half of the rounds
    zookeeper_.advance(10ms);
    ASSERT_TRUE(holder());
    EXPECT_FALSE(ours()->try_lock());
    zookeeper_.advance(10ms);
  }
  expect_to_be_granted_in_order();
}

TEST_F(SequenceLimitTest, OnlyTheOldestClaimIsPurged) {
  zookeeper_.set_sequence_counter(kPath, kLast);
  const internal::WallTime now = internal::Platform::current().wall_now();
  // Whose times are all over soon, and whose ids come in any order.
  const std::string data = kafka_kit_data(now, now + 2s);
  std::vector<std::string> claims;
  for (int i = 0; i < 6; ++i) {
    claims.push_back(foreign_claim("/locks/lock-", data));
    zookeeper_.advance(10ms);
  }
  queue_up_ours(ours(60s));
  // Each is purged when it has been first for its TTL, as far as ours has seen.
  while (!claims.empty()) {
    for (int ticks = 0; ticks < 70 && exists(claims.front()); ++ticks) zookeeper_.advance(1s);
    ASSERT_FALSE(exists(claims.front())) << "not purged in time";
    claims.erase(claims.begin());
    for (const std::string& later : claims) EXPECT_TRUE(exists(later));
    EXPECT_EQ(holder() != nullptr, claims.empty());
  }
}

TEST_F(SequenceLimitTest, KafkaKitWithTheSameNumberIsWaitedFor) {
  zookeeper_.set_sequence_counter(kPath, kLast);
  const auto first = kafka_kit();
  ASSERT_EQ(first->lock(), Outcome::locked);
  zookeeper_.advance(10ms);
  queue_up_ours(ours());
  zookeeper_.advance(1min);
  EXPECT_FALSE(holder());
  EXPECT_TRUE(first->unlock());
  zookeeper_.settle();
  EXPECT_TRUE(holder());
}

}  // namespace
}  // namespace zklock::test
