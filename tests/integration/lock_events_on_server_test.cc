// What an observer learns, and the trace id of a call, with a real server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LockEventsOnServerTest : public ::testing::Test {
 protected:
  [[nodiscard]] ZooKeeperLockConfig config(std::chrono::milliseconds ttl = 0ms) const {
    ZooKeeperLockConfig config{
        .path = path_, .ttl = ttl, .owner_key = "owner", .observer = record_};
    config.client.logger = lines_;
    config.trace_key = "trace";
    return config;
  }
  [[nodiscard]] std::string znode_of(const std::string& event) const {
    const auto all = record_->znodes(event);
    return all.empty() ? "no " + event : all.back();
  }

  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingObserver> record_ = std::make_shared<RecordingObserver>();
  const std::shared_ptr<RecordingLogger> lines_ = std::make_shared<RecordingLogger>();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(ZooKeeperServer::shared().address());
};

TEST_F(LockEventsOnServerTest, AWaiterKnowsWhoIsAheadAndTheTraceOfThatCall) {
  ZooKeeperLock holder(config(), client_);
  ZooKeeperLock waiter(config(), client_);
  const Lease lease = holder.lock(soon().with_value("owner", "user1").with_value("trace", "a1"));
  std::future<Lease> waiting = lock_async(waiter, soon().with_value("trace", "b2"));
  ASSERT_TRUE(record_->await("blocked_by"));
  const auto blocked = record_->all("blocked_by").at(0);
  EXPECT_EQ(blocked.trace, "b2");
  EXPECT_EQ(blocked.entry, *holder.entries(soon()).begin());
  EXPECT_EQ(blocked.entry.trace, "a1");
  EXPECT_EQ(blocked.entry.owner, "user1");
  holder.unlock(lease, soon());
  const Lease next = granted(waiting);
  EXPECT_EQ(next.trace(), "b2");
  waiter.unlock(next, soon());
  EXPECT_GT(record_->all("released").at(0).held, 0ns);
}

TEST_F(LockEventsOnServerTest, ALeaseIsSaidToBeEndingBeforeItIsLost) {
  ZooKeeperLockConfig warned = config(600ms);
  warned.observer_margin = 500ms;
  ZooKeeperLock lock(warned, client_);
  const Lease lease = lock.lock(soon().with_value("trace", "c3"));
  ASSERT_TRUE(record_->await("lost"));
  const auto ending = record_->all("ending");
  ASSERT_THAT(ending, SizeIs(1));
  EXPECT_LE(ending[0].remaining, 500ms);
  EXPECT_EQ(ending[0].trace, "c3");
  EXPECT_GE(record_->all("lost").at(0).held, 600ms - 100ms);
  EXPECT_THAT(lines_->lines(), ::testing::Contains(EndsWith("(trace c3)")));
}

TEST_F(LockEventsOnServerTest, ARemovalIsPendingUntilTheServerCanBeReached) {
  LoopbackProxy proxy(ZooKeeperServer::shared().port());
  ZooKeeperLock lock(config(), connect(proxy.address()));
  const Lease lease = lock.lock(soon().with_value("trace", "d4"));
  proxy.hold_to_server();
  std::error_code error;
  lock.unlock(lease, Context().with_timeout(100ms), error);
  EXPECT_EQ(error, Errc::unlocking_failed);
  ASSERT_TRUE(record_->await("removal_pending"));
  EXPECT_EQ(znode_of("removal_pending"), lease.znode());
  EXPECT_THAT(record_->all("removed"), IsEmpty());
  proxy.heal();
  ASSERT_TRUE(record_->await("removed"));
  EXPECT_EQ(znode_of("removed"), lease.znode());
  EXPECT_EQ(record_->all("removed").at(0).trace, "d4");
}

TEST_F(LockEventsOnServerTest, ARemovalThatIsNotPermittedFailsAndItsSessionEnds) {
  const Acl without_delete = {
      {Permission::read | Permission::write | Permission::create, "world", "anyone"}};
  ASSERT_FALSE(client_->create(path_, "", without_delete, soon()).error());
  const auto own_client = connect(ZooKeeperServer::shared().address());
  ZooKeeperLock lock(config(), own_client);
  const Lease lease = lock.lock(soon());
  std::error_code error;
  lock.unlock(lease, soon(), error);
  EXPECT_EQ(error, Errc::unlocking_failed);
  ASSERT_TRUE(record_->await("removed"));
  EXPECT_EQ(znode_of("removal_failed"), lease.znode());
  EXPECT_EQ(record_->all("removal_failed").at(0).reason, ZooKeeperErrc::no_auth);
  EXPECT_TRUE(becomes_true([&] { return lock.entries(soon()).empty(); }));
}

TEST_F(LockEventsOnServerTest, AnOverdueRunIsReported) {
  ZooKeeperLock lock(config(), client_);
  std::promise<void> begins;
  std::promise<void> goes_on;
  auto has_begun = begins.get_future();
  auto may_return = goes_on.get_future();
  LockedWorker worker(lock,
                      {.overdue_after = 10ms, .lock_context = Context().with_value("trace", "e5")},
                      [&](const Lease&, const std::stop_token&) {
                        begins.set_value();
                        may_return.wait();
                        return AfterRun::stop;
                      });
  ASSERT_EQ(has_begun.wait_for(kLongEnough), std::future_status::ready);
  worker.step_down(1min);
  const bool is_reported = record_->await("overdue");
  goes_on.set_value();
  ASSERT_TRUE(is_reported);
  EXPECT_EQ(record_->all("overdue").at(0).trace, "e5");
}

}  // namespace
}  // namespace zklock::test
