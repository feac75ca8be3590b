// The lock when the connection breaks at one particular packet.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <system_error>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// How often the answer to a create is lost in a row. ZKLOCK_LOST_CREATES asks for more.
int rounds() {
  const char* const wanted = std::getenv("ZKLOCK_LOST_CREATES");
  return wanted != nullptr ? std::atoi(wanted) : 100;
}

/// One lock's session goes through a proxy, the other's does not.
class LostPacketTest : public ::testing::Test {
 protected:
  LostPacketTest() { other_.unlock(other_.lock(soon()), soon()); }  // makes the directory

  [[nodiscard]] LockEntries queue() const { return other_.entries(soon()); }
  [[nodiscard]] bool becomes_empty() const {
    return becomes_true([&] { return queue().empty(); });
  }
  [[nodiscard]] bool removes_all() const {
    return becomes_true(
        [&] { return testing::as_claim_client(proxied_)->pending_removals().count == 0; });
  }

  /// The other lock is held; when it is released, the one behind the proxy gets it.
  void expect_granted_once_released(const Lease& holder, std::future<Lease>& waiting) {
    EXPECT_FALSE(is_ready(waiting, 20ms)) << "the lock is held";
    other_.unlock(holder, soon());
    const Lease lease = granted(waiting);
    ASSERT_TRUE(lease);
    EXPECT_TRUE(lease.valid());
    EXPECT_THAT(record_->znodes("requeued"), IsEmpty()) << "it kept its place";
    EXPECT_THAT(queue(), SizeIs(1));
  }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  LoopbackProxy proxy_{server_.port()};
  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  const std::shared_ptr<ClaimClient> client_ = testing::connect_claim_client(server_.address());
  // libzookeeper pauses for a 60th of the timeout between attempts to connect.
  const std::shared_ptr<ZooKeeperClient> proxied_ =
      connect(proxy_.address(), {.session_timeout = 4s});
  ZooKeeperLock other_{{.path = path_}, client_};
  ZooKeeperLock lock_{{.path = path_, .observer = record_}, proxied_};
};

// --- Making a claim -----------------------------------------------------------------------------

TEST_F(LostPacketTest, LostAnswerToTheCreateLeavesOneClaimWhichIsGranted) {
  const int count = rounds();
  for (int round = 0; round < count; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    proxy_.cut_at(answer_to(Op::create, path_));
    const Lease lease = lock_.lock(soon());
    ASSERT_EQ(proxy_.met(), static_cast<std::size_t>(round) + 1);
    ASSERT_THAT(queue(), SizeIs(1));
    ASSERT_EQ(queue().begin()->path, lease.znode());
    ASSERT_TRUE(lease.valid());
    lock_.unlock(lease, soon());  // what was adopted is removed by its name
    ASSERT_THAT(queue(), IsEmpty());
  }
  EXPECT_EQ(client_->get(path_, soon())->stat.cversion, 2 * (count + 1))
      << "each round is one create and one delete, and so was the first";
}

TEST_F(LostPacketTest, LostCreateIsRepeated) {
  proxy_.cut_at(request(Op::create, path_));
  const Lease lease = lock_.lock(soon());
  EXPECT_EQ(proxy_.met(), 1U);
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(queue(), SizeIs(1));
  EXPECT_EQ(queue().begin()->path, lease.znode());
}

TEST_F(LostPacketTest, LostAnswerToTheListKeepsTheClaim) {
  const Lease holder = other_.lock(soon());
  proxy_.cut_at(answer_to(Op::children, path_));
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(proxy_.meets());
  ASSERT_TRUE(record_->await("waiting"));
  EXPECT_THAT(queue(), SizeIs(2));
  expect_granted_once_released(holder, waiting);
}

TEST_F(LostPacketTest, LostAnswersToTheCreateAndToEveryLookUpEndInAnOutageThatLeavesNothing) {
  const Lease holder = other_.lock(soon());
  proxy_.cut_at(answer_to(Op::create, path_));
  proxy_.cut_at_each(answer_to(Op::multi, path_));
  std::error_code error;
  lock_.lock(Context().with_timeout(500ms), error);
  EXPECT_EQ(error, Errc::no_server_answered);
  EXPECT_TRUE(proxy_.meets(2));
  EXPECT_THAT(queue(), SizeIs(2)) << "the server made it";
  EXPECT_EQ(testing::as_claim_client(proxied_)->pending_removals().count, 1U);
  other_.unlock(holder, soon());
  std::future<Lease> next = lock_async(other_);
  EXPECT_FALSE(is_ready(next, 20ms)) << "it could not be removed yet";
  proxy_.heal();
  EXPECT_TRUE(removes_all());
  EXPECT_TRUE(granted(next));
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(LostPacketTest, LostAnswerToTheCreateOfACanceledCallLeavesNothing) {
  proxy_.hold_at(answer_to(Op::create, path_));
  std::stop_source source;
  std::future<Lease> locked = lock_async(lock_, soon().with_stop_token(source.get_token()));
  ASSERT_TRUE(proxy_.meets());
  source.request_stop();
  EXPECT_EQ(error_of([&] { locked.get(); }).code(), Errc::locking_canceled);
  EXPECT_THAT(queue(), SizeIs(1)) << "nobody knows its name yet";
  proxy_.heal();
  EXPECT_TRUE(becomes_empty());
  EXPECT_TRUE(removes_all());
}

// --- Waiting ------------------------------------------------------------------------------------

TEST_F(LostPacketTest, LostWatchIsSetOnTheNextConnection) {
  const Lease holder = other_.lock(soon());
  proxy_.cut_at(request(Op::get, holder.znode()));
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(proxy_.meets());
  ASSERT_TRUE(record_->await("waiting"));
  expect_granted_once_released(holder, waiting);
}

TEST_F(LostPacketTest, ReleaseBetweenTheListAndALostWatchIsSeenOnTheNextConnection) {
  const Lease holder = other_.lock(soon());
  proxy_.refuse_at(request(Op::get, holder.znode()));
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(proxy_.meets());
  other_.unlock(holder, soon());
  EXPECT_FALSE(is_ready(waiting, 20ms)) << "the waiter cannot know";
  proxy_.heal();
  EXPECT_TRUE(granted(waiting));
  EXPECT_THAT(record_->znodes("requeued"), IsEmpty());
}

TEST_F(LostPacketTest, LostAnswerToTheWatchIsNotMissed) {
  const Lease holder = other_.lock(soon());
  proxy_.cut_at(answer_to(Op::get, holder.znode()));
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(proxy_.meets());
  ASSERT_TRUE(record_->await("waiting"));
  expect_granted_once_released(holder, waiting);
}

TEST_F(LostPacketTest, LostEventOfTheReleaseIsNotMissed) {
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  proxy_.cut_at(event_of(holder.znode()));
  other_.unlock(holder, soon());
  ASSERT_TRUE(proxy_.meets());
  const Lease lease = granted(waiting);
  ASSERT_TRUE(lease);
  EXPECT_EQ(lease.znode(), record_->znodes("waiting").front()) << "it kept its place";
  EXPECT_THAT(queue(), SizeIs(1));
}

TEST_F(LostPacketTest, LostEventOfAClaimAheadThatGaveUpGrantsNothing) {
  const Lease holder = other_.lock(soon());
  ZooKeeperLock middle({.path = path_}, client_);
  std::stop_source source;
  std::future<Lease> in_between = lock_async(middle, soon().with_stop_token(source.get_token()));
  ASSERT_TRUE(becomes_true([&] { return queue().size() == 2; }));
  std::future<Lease> waiting = lock_async(lock_);
  ASSERT_TRUE(record_->await("waiting"));
  proxy_.cut_at(event_of(path_));
  source.request_stop();
  EXPECT_EQ(error_of([&] { in_between.get(); }).code(), Errc::locking_canceled);
  ASSERT_TRUE(proxy_.meets());
  ASSERT_TRUE(record_->await("waiting", 2)) << "it looks again";
  expect_granted_once_released(holder, waiting);
}

// --- Giving up ----------------------------------------------------------------------------------

TEST_F(LostPacketTest, LostRemovalAfterATimeoutIsRepeatedOnTheNextConnection) {
  const Lease holder = other_.lock(soon());
  proxy_.refuse_at(request(Op::remove, path_));
  std::error_code error;
  lock_.lock(in_vain(), error);
  EXPECT_EQ(error, Errc::locking_timed_out);
  EXPECT_TRUE(proxy_.meets());
  EXPECT_THAT(queue(), SizeIs(2));
  other_.unlock(holder, soon());
  std::future<Lease> next = lock_async(other_);
  EXPECT_FALSE(is_ready(next, 20ms)) << "a claim that was given up is ahead";
  proxy_.heal();
  EXPECT_TRUE(granted(next));
  EXPECT_TRUE(removes_all());
}

TEST_F(LostPacketTest, LostRemovalAfterATryLockIsRepeatedOnTheNextConnection) {
  const Lease holder = other_.lock(soon());
  proxy_.cut_at(request(Op::remove, path_));
  EXPECT_FALSE(lock_.try_lock());
  EXPECT_TRUE(proxy_.meets());
  EXPECT_TRUE(becomes_true([&] { return queue().size() == 1; }));
  EXPECT_TRUE(removes_all());
  EXPECT_TRUE(holder.valid());
}

TEST_F(LostPacketTest, LostAnswerToTheRemovalAfterATimeoutLeavesNothing) {
  const Lease holder = other_.lock(soon());
  proxy_.cut_at(answer_to(Op::remove, path_));
  EXPECT_FALSE(lock_.try_lock_for(kInVain));
  EXPECT_TRUE(proxy_.meets());
  EXPECT_TRUE(removes_all());
  EXPECT_THAT(queue(), SizeIs(1));
  EXPECT_TRUE(holder.valid());
}

// --- Releasing ----------------------------------------------------------------------------------

TEST_F(LostPacketTest, LostAnswerToTheUnlockIsASuccess) {
  const Lease lease = lock_.lock(soon());
  proxy_.cut_at(answer_to(Op::remove, lease.znode()));
  EXPECT_NO_THROW(lock_.unlock(lease, soon()));
  EXPECT_EQ(proxy_.met(), 1U);
  EXPECT_THAT(record_->znodes("released"), ElementsAre(lease.znode()));
  EXPECT_THAT(queue(), IsEmpty());
  EXPECT_TRUE(lock_.lock(soon())) << "the next one works";
}

TEST_F(LostPacketTest, LostUnlockIsSentAgain) {
  const Lease lease = lock_.lock(soon());
  proxy_.cut_at(request(Op::remove, lease.znode()));
  EXPECT_NO_THROW(lock_.unlock(lease, soon()));
  EXPECT_EQ(proxy_.met(), 1U);
  EXPECT_THAT(queue(), IsEmpty());
}

TEST_F(LostPacketTest, UnansweredUnlockDoesNotBlockTheNextLock) {
  const Lease lease = lock_.lock(soon());
  proxy_.refuse_at(request(Op::remove, lease.znode()));
  EXPECT_EQ(error_of([&] { lock_.unlock(lease, Context().with_timeout(50ms)); }).code(),
            Errc::unlocking_failed);
  std::future<Lease> next = lock_async(lock_);
  EXPECT_FALSE(is_ready(next, 20ms));
  proxy_.heal();
  const Lease second = granted(next);
  ASSERT_TRUE(second) << "its own claim of before is not in its way";
  EXPECT_THAT(queue(), SizeIs(1));
  EXPECT_GT(second.fencing_token(), lease.fencing_token());
}

// --- Holding ------------------------------------------------------------------------------------

TEST_F(LostPacketTest, LostEventOfTheClaimsDeletionIsStillReported) {
  const Lease lease = lock_.lock(soon());
  ASSERT_TRUE(becomes_true([&] {
    return server_.ask("wchp").find(lease.znode()) != std::string::npos;
  })) << "the holder watches its claim";
  proxy_.cut_at(event_of(lease.znode()));
  ASSERT_TRUE(client_->remove(lease.znode(), ZooKeeperClient::kAnyVersion, soon()));
  ASSERT_TRUE(proxy_.meets());
  EXPECT_TRUE(is_stopped(lease.lost()));
  EXPECT_FALSE(lease.valid());
  EXPECT_EQ(lease.loss_reason(), LossReason::claim_deleted);
}

TEST_F(LostPacketTest, LostAnswerToTheRenewalIsASuccess) {
  ZooKeeperLock lock({.path = path_, .ttl = 60s}, proxied_);
  const Lease lease = lock.lock(soon());
  proxy_.cut_at(answer_to(Op::set, lease.znode()));
  EXPECT_NO_THROW(lease.renew(soon()));
  EXPECT_EQ(proxy_.met(), 1U);
  EXPECT_TRUE(lease.valid());
  EXPECT_EQ(client_->get(lease.znode(), soon())->stat.version, 1) << "it was not written twice";
}

TEST_F(LostPacketTest, LostAnswerToTheWriteThatClaimsTheLockIsAGrant) {
  ZooKeeperLock lock({.path = path_, .ttl = 60s, .observer = record_}, proxied_);
  const Lease holder = other_.lock(soon());
  std::future<Lease> waiting = lock_async(lock);
  ASSERT_TRUE(record_->await("waiting"));
  proxy_.cut_at(answer_to(Op::set, record_->znodes("waiting").front()));
  expect_granted_once_released(holder, waiting);
  EXPECT_EQ(proxy_.met(), 1U);
}

// --- Any packet ---------------------------------------------------------------------------------

TEST_F(LostPacketTest, AnyLostPacketDoesNoHarm) {
  bool is_through = false;
  int nth = 1;
  for (; !is_through && nth < 100; ++nth) {
    SCOPED_TRACE("packet " + std::to_string(nth));
    const std::size_t met = proxy_.met();
    const std::size_t waits = record_->znodes("waiting").size();
    proxy_.cut_at(any_packet(), nth);
    const Lease holder = other_.lock(soon());
    std::future<Lease> waiting = lock_async(lock_);
    // The holder leaves when the other one has seen that it waits, or has been interrupted.
    ASSERT_TRUE(becomes_true(
        [&] { return record_->znodes("waiting").size() > waits || proxy_.met() > met; }));
    other_.unlock(holder, soon());
    const Lease lease = granted(waiting);
    ASSERT_TRUE(lease);
    ASSERT_TRUE(lease.valid());
    ASSERT_THAT(queue(), SizeIs(1));
    ASSERT_NO_THROW(lock_.unlock(lease, soon()));
    ASSERT_THAT(queue(), IsEmpty());
    ASSERT_EQ(testing::as_claim_client(proxied_)->pending_removals().count, 0U);
    is_through = proxy_.met() == met;
    proxy_.heal();
  }
  EXPECT_TRUE(is_through) << "there are more packets than was thought";
  EXPECT_GT(nth, 8) << "a wait is a create, a list, a watch, an event and a delete at least";
}

}  // namespace
}  // namespace zklock::test
