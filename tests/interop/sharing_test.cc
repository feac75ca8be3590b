// One of ours and one of theirs: each waits for the other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "integration/tools.h"
#include "interop/peer.h"
#include "interop/server_queue.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::IsEmpty;
using ::testing::Values;

std::string name_of(const ::testing::TestParamInfo<PeerKind>& kind) { return kind.param.name; }

class SharingTest : public ::testing::TestWithParam<PeerKind> {
 protected:
  [[nodiscard]] ZooKeeperLockConfig config() const {
    return {.address = ZooKeeperServer::shared().address(),
            .path = path_,
            .client = {.session_timeout = kLongSession},
            .further_claim_markers = GetParam().markers};
  }

  const std::string path_ = unique_path();
  ZooKeeperLock ours_{config()};
  Peer& theirs_ = Peer::shared(GetParam());
  const ServerQueue queue_{path_};
};

class OursBehindTheirsTest : public SharingTest {};

TEST_P(OursBehindTheirsTest, WaitsUntilTheyUnlock) {
  const int holder = theirs_.begin_to_lock(path_);
  const std::optional<std::string> claim = theirs_.granted(holder);
  ASSERT_TRUE(claim) << theirs_.said();
  EXPECT_FALSE(ours_.try_lock());

  std::future<Lease> waiting = lock_async(ours_);
  ASSERT_TRUE(queue_.waiter_behind(*claim));
  EXPECT_FALSE(is_ready(waiting));

  ASSERT_TRUE(theirs_.unlock(holder)) << theirs_.said();
  const Lease lease = granted(waiting);
  ASSERT_TRUE(lease);
  EXPECT_TRUE(lease.valid());
  ours_.unlock(lease, soon());
  EXPECT_THAT(queue_.names(), IsEmpty());
}

// What they write into their claims, or do not, is no TTL.
TEST_P(OursBehindTheirsTest, PurgesNothingOfTheirsThoughItHasATtl) {
  const int holder = theirs_.begin_to_lock(path_);
  const std::optional<std::string> claim = theirs_.granted(holder);
  ASSERT_TRUE(claim) << theirs_.said();

  const auto record = std::make_shared<RecordingObserver>();
  ZooKeeperLockConfig with_ttl = config();
  with_ttl.ttl = 50ms;
  with_ttl.observer = record;
  ZooKeeperLock lock(with_ttl);
  std::error_code error;
  lock.lock(Context().with_timeout(500ms), error);  // many times the TTL
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_THAT(record->znodes("purged"), IsEmpty());
  // Our own claim may go a moment later.
  const std::vector<std::string> theirs = {claim->substr(path_.size() + 1)};
  EXPECT_TRUE(becomes_true([&] { return queue_.names() == theirs; }));

  ASSERT_TRUE(theirs_.unlock(holder)) << theirs_.said();
  EXPECT_TRUE(ours_.try_lock_for(kLongEnough));
}

INSTANTIATE_TEST_SUITE_P(Kinds, OursBehindTheirsTest,
                         Values(curator(), go_zookeeper(), write_lock(), kazoo_default(),
                                kazoo_with_patterns(), kazoo_with_lock_names()),
                         name_of);

class TheirsBehindOursTest : public SharingTest {};

TEST_P(TheirsBehindOursTest, WaitsUntilWeUnlock) {
  const Lease lease = ours_.lock(soon());
  const int contender = theirs_.begin_to_lock(path_);
  const std::optional<std::string> claim = queue_.waiter_behind(lease.znode());
  ASSERT_TRUE(claim) << theirs_.said();
  EXPECT_FALSE(theirs_.is_granted(contender));
  EXPECT_TRUE(lease.valid());

  ours_.unlock(lease, soon());
  EXPECT_EQ(theirs_.granted(contender), claim) << theirs_.said();
  ASSERT_TRUE(theirs_.unlock(contender)) << theirs_.said();
  EXPECT_THAT(queue_.names(), IsEmpty());
}

// Which changes the data of the claim that they watch.
TEST_P(TheirsBehindOursTest, KeepsWaitingWhenWeRenew) {
  ZooKeeperLockConfig with_ttl = config();
  with_ttl.ttl = 60s;
  ZooKeeperLock lock(with_ttl);
  const Lease lease = lock.lock(soon());
  const int contender = theirs_.begin_to_lock(path_);
  ASSERT_TRUE(queue_.waiter_behind(lease.znode())) << theirs_.said();

  lease.renew(soon());  // with which its watch is gone
  ASSERT_TRUE(queue_.waiter_behind(lease.znode())) << theirs_.said();
  EXPECT_FALSE(theirs_.is_granted(contender));

  lock.unlock(lease, soon());
  EXPECT_TRUE(theirs_.granted(contender)) << theirs_.said();
  EXPECT_TRUE(theirs_.unlock(contender)) << theirs_.said();
}

INSTANTIATE_TEST_SUITE_P(Kinds, TheirsBehindOursTest,
                         Values(curator(), go_zookeeper(), write_lock(), kazoo_with_patterns(),
                                kazoo_with_lock_names()),
                         name_of);

// Limits of theirs: the README says so.

// Why kazoo must be configured with our names.
class KazooDefaultTest : public SharingTest {};

TEST_P(KazooDefaultTest, DoesNotSeeThatWeHoldTheLock) {
  const Lease lease = ours_.lock(soon());
  const int contender = theirs_.begin_to_lock(path_);
  ASSERT_TRUE(theirs_.granted(contender)) << theirs_.said();
  EXPECT_TRUE(lease.valid()) << "there are two holders";
  ASSERT_TRUE(theirs_.unlock(contender)) << theirs_.said();
  ours_.unlock(lease, soon());
}

INSTANTIATE_TEST_SUITE_P(Kinds, KazooDefaultTest, Values(kazoo_default()), name_of);

// Why not all of them can share one path, though ours sees them all.
TEST(TheirsAmongThemselvesTest, DoNotSeeClaimsWithOtherNames) {
  for (const PeerKind& holding : {write_lock(), kazoo_with_patterns()}) {
    for (const PeerKind& second : {curator(), kazoo_with_lock_names()}) {
      SCOPED_TRACE(second.name + " behind " + holding.name);
      const std::string path = unique_path();
      const ZooKeeperLock directory(
          {.address = ZooKeeperServer::shared().address(), .path = path});  // makes it
      Peer& holder = Peer::shared(holding);
      const int held = holder.begin_to_lock(path);
      ASSERT_TRUE(holder.granted(held)) << holder.said();
      Peer& intruder = Peer::shared(second);
      const int intruding = intruder.begin_to_lock(path);
      EXPECT_TRUE(intruder.granted(intruding)) << intruder.said();
      EXPECT_TRUE(intruder.unlock(intruding)) << intruder.said();
      EXPECT_TRUE(holder.unlock(held)) << holder.said();
    }
  }
}

}  // namespace
}  // namespace zklock::test
