// The trace id of a call: in its claim, in the log lines about it, and in the events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/fake_zookeeper.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>

#include "support/error_of.h"
#include "support/recording_logger.h"
#include "support/recording_observer.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::EndsWith;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using zklock::test::error_of;
using zklock::test::RecordingLogger;
using zklock::test::RecordingObserver;
using zklock::testing::FakeZooKeeper;

class LockTraceTest : public ::testing::Test {
 protected:
  [[nodiscard]] ZooKeeperLockConfig config(std::chrono::milliseconds ttl = 0ms) const {
    ZooKeeperLockConfig config{.path = "/locks", .ttl = ttl, .observer = seen_};
    config.client.logger = lines_;
    config.trace_key = "trace";
    config.observer_margin = 1s;
    return config;
  }
  static Context trace(const std::string& id) { return Context().with_value("trace", id); }
  void expect_trace_in(const std::string& event, const std::string& id) const {
    const auto all = seen_->all(event);
    EXPECT_THAT(all, Not(IsEmpty())) << event;
    EXPECT_THAT(all, Each(Field(&RecordingObserver::Event::trace, id))) << event;
  }

  const std::shared_ptr<RecordingObserver> seen_ = std::make_shared<RecordingObserver>();
  const std::shared_ptr<RecordingLogger> lines_ = std::make_shared<RecordingLogger>();
  FakeZooKeeper zk_;
  const FakeZooKeeper::Client client_ = zk_.connect({.session_timeout = 10s, .logger = lines_});
  const FakeZooKeeper::Client others_ = zk_.connect({.session_timeout = 10s});
};

TEST_F(LockTraceTest, IsInTheClaimTheLeaseAndTheQueueAlsoAfterARenewal) {
  ZooKeeperLock lock(config(30s), client_);
  const Lease lease = lock.lock(trace("4bf92f35"));
  EXPECT_EQ(lease.trace(), "4bf92f35");
  lease.renew();
  EXPECT_EQ(lock.entries().begin()->trace, "4bf92f35");
  EXPECT_THAT(zk_.get(lease.znode())->data, HasSubstr(R"("trace":"4bf92f35")"));
  EXPECT_EQ(Lease().trace(), "");
}

TEST_F(LockTraceTest, IsNotWrittenWithoutAKeyOrAValue) {
  ZooKeeperLock keyless({.path = "/locks"}, client_);
  ZooKeeperLock lock(config(), client_);
  const Lease first = keyless.lock(trace("4bf92f35"));
  EXPECT_THAT(zk_.get(first.znode())->data, Not(HasSubstr("trace")));
  EXPECT_EQ(first.trace(), "");
  keyless.unlock(first);
  const Lease second = lock.lock();
  EXPECT_THAT(zk_.get(second.znode())->data, Not(HasSubstr("trace")));
}

TEST_F(LockTraceTest, IsInEveryEventOfAWaiterThatIsGrantedAndReleases) {
  ZooKeeperLock theirs({.path = "/locks"}, others_);
  ZooKeeperLock ours(config(30s), client_);
  const Lease holder = theirs.lock();
  auto waiter = zk_.in_background([&] { return ours.lock(trace("a1")); });
  zk_.advance(1s);
  EXPECT_THAT(zk_.get(zk_.children("/locks").at(1))->data, HasSubstr(R"("trace":"a1")"))
      << "it has written that it waits";
  zk_.remove(zk_.children("/locks").at(1));  // it queues again
  zk_.advance(1s);
  theirs.unlock(holder);
  zk_.settle();
  const Lease lease = waiter.get();
  zk_.advance(29s);
  ours.unlock(lease);
  for (const char* event : {"waiting", "blocked_by", "requeued", "granted", "ending", "released"}) {
    expect_trace_in(event, "a1");
  }
  EXPECT_THAT(lines_->lines(), Contains(AllOf(HasSubstr("queueing anew"), EndsWith("(trace a1)"))));
  EXPECT_EQ(LockObserver::trace(), "") << "not in a callback";
}

TEST_F(LockTraceTest, IsInTheEventsOfALossAndOfTheCallsThatFail) {
  ZooKeeperLock lock(config(30s), client_);
  const Lease lease = lock.lock(trace("b2"));
  EXPECT_EQ(error_of([&] { lock.lock(trace("c3").with_timeout(1s)); }).code(),
            Errc::locking_timed_out);
  expect_trace_in("lock_failed", "c3");
  zk_.advance(1min);
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::lock_lost);
  for (const char* event : {"lost", "unlock_failed", "removal_pending", "removed"}) {
    const auto all = seen_->all(event);
    EXPECT_THAT(all, Contains(Field(&RecordingObserver::Event::trace, "b2"))) << event;
  }
  EXPECT_THAT(lines_->lines(), Contains(AllOf(HasSubstr("lost /locks ("), EndsWith("(trace b2)"))));
  EXPECT_THAT(lines_->lines(),
              Contains(AllOf(HasSubstr("lost before it was released"), EndsWith("(trace b2)"))));
}

TEST_F(LockTraceTest, OfAPurgeIsThatOfTheCallThatPurges) {
  ZooKeeperLock theirs(config(5s), others_);
  ZooKeeperLock ours(config(5s), client_);
  const Lease holder = theirs.lock(trace("d4"));
  zk_.stall(others_);  // it does not remove its claim
  auto waiter = zk_.in_background([&] { return ours.lock(trace("e5")); });
  zk_.settle();
  EXPECT_EQ(seen_->all("blocked_by").at(0).entry.trace, "d4");
  zk_.advance(6s);
  expect_trace_in("purged", "e5");
  ours.unlock(waiter.get());
  zk_.restore(others_);
}

TEST_F(LockTraceTest, IsInTheLinesAboutARemovalThatGoesOn) {
  ZooKeeperLock lock(config(), client_);
  const Lease lease = lock.lock(trace("f6"));
  zk_.fail_next(FakeZooKeeper::Operation::remove, ZooKeeperErrc::no_auth, 2);
  EXPECT_EQ(error_of([&] { lock.unlock(lease); }).code(), Errc::unlocking_failed);
  zk_.advance(10s);
  EXPECT_THAT(lines_->lines(),
              Contains(AllOf(HasSubstr("no permission to remove"), EndsWith("(trace f6)"))));
}

TEST_F(LockTraceTest, CannotForgeALogLine) {
  ZooKeeperLock lock(config(30s), client_);
  EXPECT_TRUE(lock.lock(trace("x\n3 all is well")));
  zk_.advance(1min);
  EXPECT_THAT(lines_->lines(), Contains(EndsWith("(trace x\\x0a3 all is well)")));
}

TEST_F(LockTraceTest, OfAnObserverThatCallsTheLockIsItsOwnAgainAfterTheCall) {
  class Nesting final : public LockObserver {
   public:
    void on_granted(const Lease&, std::chrono::nanoseconds) override {
      if (std::exchange(is_nested, true)) {
        inner = trace();
        return;
      }
      const Lease lease = other->lock(Context().with_value("trace", "inner"));
      other->unlock(lease);
      outer = trace();
    }
    ZooKeeperLock* other = nullptr;
    bool is_nested = false;
    std::string inner;
    std::string outer;
  };
  const auto nesting = std::make_shared<Nesting>();
  ZooKeeperLockConfig nested = config();
  nested.observer = nesting;
  ZooKeeperLock lock(nested, client_);
  nested.path = "/others";
  ZooKeeperLock other(nested, client_);
  nesting->other = &other;
  lock.unlock(lock.lock(trace("outer")));
  EXPECT_EQ(nesting->inner, "inner");
  EXPECT_EQ(nesting->outer, "outer");
}

}  // namespace
}  // namespace zklock
