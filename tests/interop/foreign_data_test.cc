// Foreign and damaged data in the claim ahead of ours: it is waited for, and neither purged before
// its time nor forever in the way.
#include <chrono>
#include <string>
#include <vector>

#include "base/platform.h"
#include "interop/fake_queue.h"
#include "interop/foreign_samples.h"

namespace zklock::test {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ForeignDataTest : public FakeQueueTest {
 protected:
  /// Calls `test` for each sample: it is the time of the samples, and somebody holds the lock by a
  /// claim with this one.
  template <class Test>
  void for_each_sample(const Test& test) {
    const auto client = zookeeper_.connect();
    for (const ForeignSample& sample : foreign_samples()) {
      SCOPED_TRACE(sample.name);
      zookeeper_.step_wall_clock(kSampleTime - internal::Platform::current().wall_now());
      const auto created =
          client->create_protected_ephemeral_sequential("/locks/lock-", "", Acl::open(), {});
      ASSERT_TRUE(created);
      holder_ = created->path;
      zookeeper_.set(holder_, sample.data);  // a client of ours writes no megabytes
      test(sample);
      if (exists(holder_)) release();
      ASSERT_THAT(queue(), IsEmpty());
    }
  }
  void release() {
    zookeeper_.remove(holder_);
    zookeeper_.settle();
  }

  void wait_for(const ForeignSample& sample, std::chrono::milliseconds ttl);

  std::string holder_;
};

void ForeignDataTest::wait_for(const ForeignSample& sample, std::chrono::milliseconds ttl) {
  const auto lock = ours(ttl);
  EXPECT_FALSE(lock->try_lock());
  EXPECT_THROW(lock->lock(Context().with_timeout(1s)), LockError);
  auto lease = queue_up(lock);
  ASSERT_THAT(queue(), SizeIs(2));
  EXPECT_EQ(lock->entries().begin()->path, holder_);
  zookeeper_.advance(kSampleTtl - 5s);
  EXPECT_FALSE(is_ready(lease));
  EXPECT_TRUE(exists(holder_)) << "purged before its time";

  zookeeper_.advance(1min);
  const bool is_purged = ttl > 0ms && sample.has_ttl;
  EXPECT_EQ(is_ready(lease), is_purged);
  EXPECT_EQ(exists(holder_), !is_purged);
  if (exists(holder_)) release();
  ASSERT_TRUE(is_ready(lease)) << "though nobody holds the lock";
  EXPECT_TRUE(lease.get());
}

TEST_F(ForeignDataTest, IsWaitedForByUs) {
  for_each_sample([this](const ForeignSample& sample) { wait_for(sample, 0ms); });
}

TEST_F(ForeignDataTest, IsPurgedByUsOnlyAfterATtlOfItsOwn) {
  for_each_sample([this](const ForeignSample& sample) { wait_for(sample, 40s); });
}

TEST_F(ForeignDataTest, ModelOfKafkaKitAgreesWithKafkaKit) {
  const auto contender = kafka_kit(60s);
  for_each_sample([&](const ForeignSample& sample) {
    zookeeper_.advance(1ms);
    auto outcome = queue_up(contender, Context().with_timeout(2s));
    zookeeper_.advance(2s);
    ASSERT_TRUE(is_ready(outcome));
    const Verdict verdict = sample.kafka_kit;
    EXPECT_EQ(outcome.get(), verdict == Verdict::waits    ? Outcome::timed_out
                             : verdict == Verdict::purges ? Outcome::locked
                                                          : Outcome::failed);
    EXPECT_EQ(exists(holder_), verdict != Verdict::purges);
    if (verdict == Verdict::purges) contender->unlock();
  });
}

TEST_F(ForeignDataTest, OfAWaiterIsIgnored) {
  // A waiter between the holder and ours, with data whose deadline is over: it is not first.
  const auto client = zookeeper_.connect();
  const auto holder = ours();
  const Lease lease = holder->lock();
  const std::string over = kafka_kit_data(internal::Platform::current().wall_now() - 1h,
                                          internal::Platform::current().wall_now() - 59min);
  const auto waiter =
      client->create_protected_ephemeral_sequential("/locks/lock-", over, Acl::open(), {});
  ASSERT_TRUE(waiter);
  const auto lock = ours(1s);
  auto waiting = queue_up(lock);
  zookeeper_.advance(5min);
  EXPECT_THAT(queue(), SizeIs(3));
  ASSERT_TRUE(client->remove(waiter->path, ZooKeeperClient::kAnyVersion, {}));
  holder->unlock(lease);
  zookeeper_.settle();
  EXPECT_TRUE(is_ready(waiting));
}

TEST_F(ForeignDataTest, APersistentChildNeitherBlocksNorIsDeleted) {
  const auto first = ours(1s);
  const auto second = ours(1s);
  // With the last two, the numbers do not show the order any more.
  for (const std::string stray : {"shard-1", "members", "a--5", "shard-2147483647"}) {
    SCOPED_TRACE(stray);
    zookeeper_.create("/locks/" + stray, "{}");
    const std::vector<std::string> strays = queue();
    const Lease lease = first->lock(Context().with_timeout(1s));
    auto waiting = queue_up(second);
    zookeeper_.advance(500ms);
    EXPECT_FALSE(is_ready(waiting));
    first->unlock(lease);
    zookeeper_.settle();
    ASSERT_TRUE(is_ready(waiting));
    second->unlock(waiting.get());
    EXPECT_EQ(queue(), strays);
  }
}

}  // namespace
}  // namespace zklock::test
