// The lock on a real server: who gets it, in which order, and who may release it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Clock = std::chrono::steady_clock;

const std::string kOwnerKey = "owner";

Context as(const std::string& owner, const Context& context = soon()) {
  return context.with_value(kOwnerKey, owner);
}

/// Two instances contend, over a session each, as in two processes.
class LockOnServerTest : public ::testing::Test {
 protected:
  ZooKeeperLockConfig config() const { return {.path = path_, .owner_key = kOwnerKey}; }
  ZooKeeperLockConfig config(std::chrono::milliseconds ttl,
                             const std::shared_ptr<RecordingObserver>& record = nullptr) const {
    return {.path = path_, .ttl = ttl, .owner_key = kOwnerKey, .observer = record};
  }
  [[nodiscard]] LockEntries queue() const { return first_.entries(soon()); }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  const std::shared_ptr<ClaimClient> first_client_ = testing::connect_claim_client(address_);
  const std::shared_ptr<ClaimClient> second_client_ = testing::connect_claim_client(address_);
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  ZooKeeperLock first_{config(), first_client_};
  ZooKeeperLock second_{config(0ms, record_), second_client_};
};

// The Go package's own cases.

TEST_F(LockOnServerTest, SecondLockTimesOutWhileTheFirstIsHeld) {
  const Lease lease = first_.lock(as("user1"));
  const LockError error = error_of([&] { second_.lock(as("user2", in_vain())); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_EQ(error.code(), std::errc::timed_out);
  EXPECT_THAT(error.what(), HasSubstr("attempt to acquire lock timed out: "));
  EXPECT_THAT(error.what(), HasSubstr("user1"));
  EXPECT_THAT(error.what(), HasSubstr("pid " + std::to_string(::getpid())));
  EXPECT_THAT(error.what(), HasSubstr(lease.znode()));
  EXPECT_THAT(error.what(), HasSubstr("1 ahead"));
  EXPECT_THAT(queue(), SizeIs(1)) << "nothing of the failed one stays";
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(first_.lease(), lease);
  EXPECT_FALSE(second_.lease());
}

TEST_F(LockOnServerTest, OwnerThatHoldsTheLockCannotLockAgain) {
  first_.lock(as("user1"));
  EXPECT_EQ(error_of([&] { first_.lock(as("user1")); }).code(), Errc::already_own_lock);
  EXPECT_THAT(queue(), SizeIs(1));
  EXPECT_EQ(first_.owner(), "user1");
}

TEST_F(LockOnServerTest, OwnersAreScopedToTheInstance) {
  first_.lock(as("user1"));
  std::error_code error;
  EXPECT_FALSE(second_.lock(as("user1", in_vain()), error));
  EXPECT_EQ(error, Errc::locking_timed_out);
}

TEST_F(LockOnServerTest, IsFreeAfterUnlock) {
  first_.lock(as("user1"));
  EXPECT_THAT(queue(), SizeIs(1));
  first_.unlock(as("user1"));
  EXPECT_THAT(queue(), IsEmpty());
  EXPECT_EQ(first_.owner(), "");
  EXPECT_TRUE(second_.lock(as("user2")).valid());
  second_.unlock(as("user2"));
  EXPECT_TRUE(first_.lock(as("user1")).valid());
}

TEST_F(LockOnServerTest, OnlyItsOwnerUnlocksIt) {
  const Lease lease = first_.lock(as("user1"));
  EXPECT_EQ(error_of([&] { first_.unlock(as("user2")); }).code(), Errc::not_lock_owner);
  EXPECT_EQ(error_of([&] { second_.unlock(as("user1")); }).code(), Errc::unlocking_failed);
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(LockOnServerTest, OwnerCanBeSetOnce) {
  const Lease lease = first_.lock(soon());
  first_.set_owner("user1");
  EXPECT_EQ(first_.owner(), "user1");
  EXPECT_EQ(error_of([&] { first_.set_owner("user2"); }).code(), Errc::owner_already_set);
  EXPECT_EQ(error_of([&] { first_.lock(as("user1")); }).code(), Errc::already_own_lock);
  EXPECT_EQ(lease.owner(), "user1");
  first_.unlock(as("user1"));
}

TEST_F(LockOnServerTest, PurgedHolderLosesItsLeaseAndCanLockAgain) {
  // The holder has no TTL, so it is notified only when its claim is gone.
  const Lease lease = first_.lock(as("user1"));
  ZooKeeperLockConfig purging = config(1s, record_);
  purging.purge_without_ttl = true;
  ZooKeeperLock third(purging, second_client_);
  EXPECT_TRUE(third.lock(as("user2")));
  EXPECT_THAT(record_->znodes("purged"), ElementsAre(lease.znode()));

  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
  EXPECT_EQ(first_.owner(), "");
  EXPECT_FALSE(first_.lease());
  EXPECT_EQ(error_of([&] { first_.unlock(as("user1")); }).code(), Errc::lock_lost);
  EXPECT_TRUE(first_.lock(as("user1"))) << "not already_own_lock; when the other's TTL is over";
}

TEST_F(LockOnServerTest, SecondInstanceTakesOverAfterTheTtl) {
  ZooKeeperLock holder(config(400ms), first_client_);
  ZooKeeperLock contender(config(60s, record_), second_client_);
  const auto begun = Clock::now();
  const Lease lost = holder.lock(as("user1"));
  const Lease taken = contender.lock(as("user2"));
  EXPECT_GE(Clock::now() - begun, 400ms);
  EXPECT_FALSE(lost.valid());
  EXPECT_TRUE(taken.valid());
  EXPECT_GT(taken.fencing_token(), lost.fencing_token());
  EXPECT_TRUE(is_stopped(lost.lost()));
  EXPECT_EQ(lost.loss_reason(), LossReason::ttl_over);
  EXPECT_EQ(error_of([&] { holder.unlock(as("user1")); }).code(), Errc::lock_lost);
  EXPECT_TRUE(taken.valid());
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(LockOnServerTest, HolderWithoutATtlIsNotExpired) {
  const Lease lease = first_.lock(soon());
  ZooKeeperLock contender(config(100ms, record_), second_client_);
  std::error_code error;
  contender.lock(in_vain(), error);
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(record_->znodes("purged"), IsEmpty());
}

TEST_F(LockOnServerTest, RenewingKeepsTheLockBeyondItsTtl) {
  constexpr auto kTtl = 1'200ms;
  ZooKeeperLock holder(config(kTtl), first_client_);
  ZooKeeperLock contender(config(kTtl, record_), second_client_);
  const Lease lease = holder.lock(soon());
  const auto begun = Clock::now();
  std::future<Lease> next = lock_async(contender);
  while (Clock::now() - begun < 3 * kTtl / 2) {
    EXPECT_FALSE(is_ready(next, 100ms));
    lease.renew(soon());
  }
  EXPECT_TRUE(lease.valid());
  holder.unlock(lease);
  EXPECT_TRUE(granted(next));
  EXPECT_THAT(record_->znodes("purged"), IsEmpty());
}

TEST_F(LockOnServerTest, EntriesListTheQueueHolderFirst) {
  const Lease lease = first_.lock(as("user1"));
  std::vector<std::future<Lease>> waiting;
  for (const std::string owner : {"user2", "user3"}) {
    waiting.push_back(lock_async(second_, as(owner)));
    ASSERT_TRUE(record_->await("waiting", waiting.size()));
  }
  const LockEntries entries = queue();
  ASSERT_THAT(entries, SizeIs(3));
  const std::vector<std::int64_t> ids = entries.ids();
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end(), std::less_equal<>()));
  EXPECT_EQ(entries.first(), ids[0]);
  EXPECT_EQ(entries.lock_path(ids[0]), lease.znode());
  EXPECT_EQ(sequence_number(lease.znode()), ids[0]);
  EXPECT_THAT(record_->znodes("waiting"),
              ElementsAre(entries.lock_path(ids[1]), entries.lock_path(ids[2])));
  EXPECT_EQ(entries.lock_ahead(ids[0]), std::nullopt);
  EXPECT_EQ(entries.lock_ahead(ids[1]), entries.lock_path(ids[0]));
  EXPECT_EQ(entries.lock_ahead(ids[2]), entries.lock_path(ids[1]));
  EXPECT_EQ(entries.lock_path(ids[2] + 1), std::nullopt);

  std::vector<std::string> owners;
  std::int64_t token = 0;
  const auto now = std::chrono::system_clock::now();
  for (const LockEntry& entry : entries) {
    owners.push_back(entry.owner);
    EXPECT_EQ(entry.pid, ::getpid());
    EXPECT_FALSE(entry.host.empty());
    EXPECT_LE(entry.since, now);
    EXPECT_GT(entry.since, now - kLongEnough);
    EXPECT_GT(entry.fencing_token, token);
    token = entry.fencing_token;
  }
  EXPECT_THAT(owners, ElementsAre("user1", "user2", "user3"));
  EXPECT_EQ(entries.begin()->fencing_token, lease.fencing_token());

  first_.unlock(lease);
  for (std::future<Lease>& next : waiting) second_.unlock(granted(next), soon());
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(LockOnServerTest, EntriesOfAMissingPathAreEmpty) { EXPECT_THAT(queue(), IsEmpty()); }

// Order and tokens.

TEST_F(LockOnServerTest, GrantsInTheOrderOfTheClaims) {
  constexpr std::size_t kWaiters = 12;
  Lease holder = first_.lock(soon());
  std::vector<std::future<Lease>> waiting;
  const auto other_record = std::make_shared<RecordingObserver>();
  ZooKeeperLock third(config(0ms, other_record), first_client_);
  for (std::size_t i = 0; i < kWaiters; ++i) {
    const bool even = i % 2 == 0;
    waiting.push_back(lock_async(even ? static_cast<Lock&>(second_) : third));
    ASSERT_TRUE((even ? record_ : other_record)->await("waiting", i / 2 + 1));
  }
  first_.unlock(holder);
  std::int64_t token = holder.fencing_token();
  for (std::size_t i = 0; i < kWaiters; ++i) {
    const Lease lease = granted(waiting[i]);
    ASSERT_TRUE(lease) << i;
    EXPECT_TRUE(lease.valid());
    EXPECT_GT(lease.fencing_token(), token);
    token = lease.fencing_token();
    for (std::size_t later = i + 1; later < kWaiters; ++later) {
      EXPECT_FALSE(is_ready(waiting[later])) << later << " before the release of " << i;
    }
    (i % 2 == 0 ? static_cast<Lock&>(second_) : third).unlock(lease);
  }
}

TEST_F(LockOnServerTest, FencingTokensRiseWhenThePathIsRecreated) {
  std::int64_t token = 0;
  for (int i = 0; i < 3; ++i) {
    const Lease lease = first_.lock(soon());
    EXPECT_GT(lease.fencing_token(), token);
    token = lease.fencing_token();
    EXPECT_EQ(sequence_number(lease.znode()), 0) << "counts from 0 in a directory that is new";
    first_.unlock(lease);
    ASSERT_TRUE(second_client_->remove(path_, ZooKeeperClient::kAnyVersion, soon()));
  }
}

TEST_F(LockOnServerTest, FencingTokenIsTheCzxidOfTheClaim) {
  const Lease lease = first_.lock(soon());
  const Result<Znode> claim = second_client_->get(lease.znode(), soon());
  ASSERT_TRUE(claim);
  EXPECT_EQ(lease.fencing_token(), claim->stat.czxid);
  EXPECT_EQ(claim->stat.ephemeral_owner, first_client_->session()->id());
  EXPECT_NO_THROW(lease.verify(soon()));
}

// Paths.

TEST_F(LockOnServerTest, MissingParentsAreCreated) {
  const std::string path = path_ + "/a/b/c";
  ZooKeeperLock lock({.path = path}, first_client_);
  EXPECT_EQ(second_client_->get(path_, soon()).error(), ZooKeeperErrc::no_node)
      << "with a client of its own, nothing is touched before it is used";
  EXPECT_TRUE(lock.lock(soon()).valid());

  const std::string other = path_ + "/x/y";
  const ZooKeeperLock connected({.address = address_, .path = other});
  EXPECT_TRUE(second_client_->get(other, soon())) << "the constructor that connects creates it";
}

TEST_F(LockOnServerTest, SlashesAroundThePathAreNormalised) {
  ZooKeeperLock other({.path = path_.substr(1) + "/"}, second_client_);
  const Lease lease = first_.lock(soon());
  std::error_code error;
  other.lock(in_vain(), error);
  EXPECT_EQ(error, Errc::locking_timed_out);
  first_.unlock(lease);
  const Lease next = other.lock(soon());
  EXPECT_EQ(next.znode().rfind(path_ + "/_c_", 0), 0U);
}

// Whose grant is released.

TEST_F(LockOnServerTest, UnlockReleasesWhatItsThreadAcquired) {
  const Lease lease = first_.lock(soon());
  std::thread([&] {
    EXPECT_EQ(error_of([&] { first_.unlock(soon()); }).code(), Errc::unlocking_failed)
        << "this thread acquired nothing";
    EXPECT_TRUE(lease.valid());
    first_.unlock(lease);  // but may be given it
  }).join();
  EXPECT_FALSE(lease.valid());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_FALSE(lease.lost().stop_requested()) << "released is not lost";
  EXPECT_EQ(first_.unlock(), Errc::unlocking_failed);
  EXPECT_EQ(error_of([&] { first_.unlock(lease); }).code(), Errc::unlocking_failed);
}

TEST_F(LockOnServerTest, AUniqueLockReleasesOnTheThreadThatItWasMovedTo) {
  std::unique_lock<ZooKeeperLock> guard(first_);
  const Lease lease = first_.lease();
  std::thread([&] { const std::unique_lock<ZooKeeperLock> moved(std::move(guard)); }).join();
  EXPECT_FALSE(lease.valid());
  EXPECT_TRUE(second_.lock(soon()));
}

TEST_F(LockOnServerTest, StandardGuardsWork) {
  Lock& lock = first_;
  {
    const std::unique_lock<Lock> guard(lock);
    EXPECT_FALSE(second_.try_lock());
    EXPECT_FALSE(second_.try_lock_for(kInVain));
  }
  EXPECT_THAT(queue(), IsEmpty());
  {
    const std::lock_guard<ZooKeeperLock> guard(second_);
    const std::unique_lock<Lock> none(lock, std::try_to_lock);
    EXPECT_FALSE(none.owns_lock());
  }
  ASSERT_TRUE(second_.try_lock());
  EXPECT_FALSE(second_.unlock());
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(LockOnServerTest, DestroyedLockReleasesWhatItHolds) {
  Lease lease;
  {
    ZooKeeperLock lock(config(0ms, record_), second_client_);
    lease = lock.lock(soon());
  }
  EXPECT_FALSE(lease.valid());
  EXPECT_TRUE(lease.lost().stop_requested()) << "before the destructor returns";
  EXPECT_EQ(lease.loss_reason(), LossReason::client_closed);
  EXPECT_EQ(record_->count("lost"), 1U);
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(LockOnServerTest, DestroyedLockCancelsItsWaiters) {
  const Lease lease = first_.lock(soon());
  std::future<Lease> waiting;
  {
    ZooKeeperLock lock(config(0ms, record_), second_client_);
    waiting = lock_async(lock);
    ASSERT_TRUE(record_->await("waiting"));
  }
  ASSERT_TRUE(is_ready(waiting, kLongEnough));
  EXPECT_EQ(error_of([&] { waiting.get(); }).code(), Errc::locking_canceled);
  EXPECT_THAT(queue(), SizeIs(1));
}

}  // namespace
}  // namespace zklock::test
