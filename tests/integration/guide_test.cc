// The programs of the guide (examples/README.md), run as processes, do what its pages say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "integration/hold_evidence.h"
#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::SizeIs;

constexpr const char* kLeads = "^leading, term [1-9][0-9]*$";

class GuideTest : public ::testing::Test {
 protected:
  Subprocess start(const std::string& program) const {
    return Subprocess({EXAMPLES "/" + program, address_});
  }

  Subprocess start_leader(const std::string& what) const {
    return Subprocess({EXAMPLES "/leader", what, address_});
  }

  [[nodiscard]] LockEntries queue_at(const std::string& path) const {
    const ZooKeeperLock lock({.path = path}, client_);
    return lock.entries(soon());
  }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(address_);
};

TEST_F(GuideTest, QuickstartWritesUnderTheLock) {
  Subprocess program = start("quickstart");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_TRUE(program.wait_for_line("^wrote 42 with fencing token [1-9][0-9]*$"))
      << program.standard_output();
  EXPECT_EQ(program.standard_error(), "");
}

TEST_F(GuideTest, QuickstartSaysWhoHoldsTheLock) {
  ZooKeeperLock lock({.path = "/my/locks", .owner_key = "owner"}, client_);
  const LockGuard guard(lock, soon().with_value("owner", "this test"));
  Subprocess program = start("quickstart");
  EXPECT_THAT(program.wait_for_exit(), Optional(1));
  EXPECT_THAT(program.standard_error(),
              AllOf(HasSubstr("attempt to acquire lock timed out"), HasSubstr("this test")));
}

TEST_F(GuideTest, DeadlinesEndEachWaitForItsReason) {
  Subprocess program = start("deadlines");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_EQ(program.standard_output(),
            "request 1 has the lock already\n"
            "request 2 cannot unlock it\n"
            "request 2 gave up waiting\n"
            "request 2 was cancelled\n"
            "request 1 has released the lock\n");
}

TEST_F(GuideTest, LeasesWorksToTheEnd) {
  Subprocess program = start("leases");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_TRUE(program.wait_for_line("^sent$")) << program.standard_output();
}

TEST_F(GuideTest, LeasesStopsWhenTheLockIsLost) {
  Subprocess program = start("leases");
  ASSERT_TRUE(program.wait_for_line("^part 3 is done$")) << program.standard_error();
  ASSERT_THAT(queue_at("/examples/leases"), SizeIs(1));
  const std::string claim = queue_at("/examples/leases").begin()->path;
  ASSERT_FALSE(client_->remove(claim, ZooKeeperClient::kAnyVersion, soon()).error());

  EXPECT_THAT(program.wait_for_exit(), Optional(1));
  EXPECT_THAT(program.standard_error(), HasSubstr("the lock is lost: "));
  EXPECT_THAT(program.standard_output(), ::testing::Not(HasSubstr("sent")));
}

TEST_F(GuideTest, SuspendedGoesOnWithTheSameToken) {
  LoopbackProxy network(ZooKeeperServer::shared().port());
  hold_evidence(network);
  Subprocess program({EXAMPLES "/suspended", network.address()});
  ASSERT_TRUE(program.wait_for_line("^working, with fencing token [1-9][0-9]*$"))
      << program.standard_error();
  const std::string first = program.standard_output();
  ASSERT_TRUE(program.wait_for_line("^suspended after part [0-9]+$")) << program.standard_error();
  network.heal();
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_THAT(program.standard_output(),
              AllOf(HasSubstr("\n" + first), ::testing::EndsWith("all parts are done\n")));
}

#ifdef HAS_FENCED_WRITES
TEST_F(GuideTest, FencedWritesRefusesTheProcessThatWakesUpLate) {
  Subprocess program = start("fenced_writes");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_EQ(program.standard_output(),
            "first: holds the lock\n"
            "first: frozen just before its write\n"
            "second: holds the lock\n"
            "second: written\n"
            "first: goes on\n"
            "first: refused\n"
            "the balance is 200\n");
}
#endif

TEST_F(GuideTest, SeveralLocksTransfersInBothDirections) {
  Subprocess program = start("several_locks");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_EQ(program.standard_output(), "20 transfers in both directions\n");
}

TEST_F(GuideTest, GuardedWritesStopWithTheClaim) {
  Subprocess program = start("guarded_writes");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_EQ(program.standard_output(), "written\ntoo late: nothing was written\n");
  const Result<Znode> cursor = client_->get("/examples-nightly/cursor", soon());
  ASSERT_TRUE(cursor);
  EXPECT_TRUE(client_->get("/examples-nightly/run-" + cursor->data, soon()));
}

TEST_F(GuideTest, CronJobRunsIfNobodyElseDoes) {
  Subprocess program = start("cron_job");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_TRUE(program.wait_for_line("^running, with fencing token [1-9][0-9]*$"))
      << program.standard_output();
}

TEST_F(GuideTest, CronJobSkipsWhileSomebodyElseRunsIt) {
  ZooKeeperLock lock({.path = "/examples/cron"}, client_);
  const LockGuard guard(lock, soon());
  Subprocess program = start("cron_job");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_TRUE(program.wait_for_line("^skipped: .* is held by .+$")) << program.standard_output();
}

TEST_F(GuideTest, CronJobFailsWithoutAServer) {
  ZooKeeperServer server;
  server.kill();  // nobody else gets its port
  Subprocess program({EXAMPLES "/cron_job", server.address()});
  EXPECT_THAT(program.wait_for_exit(), Optional(1));
  EXPECT_THAT(program.standard_error(), HasSubstr("cron_job: no server answered"));
}

TEST_F(GuideTest, LeaderHandsOverWhenItIsAskedToEndAndWatchersSeeIt) {
  Subprocess watcher = start_leader("watch");
  Subprocess first = start_leader("lead");
  ASSERT_TRUE(first.wait_for_line(kLeads)) << first.standard_error();
  ASSERT_TRUE(watcher.wait_for_line("^process " + std::to_string(first.pid()) + " on .* leads, "))
      << watcher.standard_error();
  Subprocess second = start_leader("lead");
  ASSERT_TRUE(becomes_true([this] { return queue_at("/examples/leader").size() == 2; }));
  EXPECT_EQ(second.standard_output(), "");

  first.signal(SIGTERM);
  EXPECT_TRUE(second.wait_for_line(kLeads)) << second.standard_error();
  EXPECT_TRUE(watcher.wait_for_line("^process " + std::to_string(second.pid()) + " on .* leads, "))
      << watcher.standard_error();
  EXPECT_THAT(first.wait_for_exit(), Optional(0)) << first.standard_error();
  second.signal(SIGINT);
  EXPECT_THAT(second.wait_for_exit(), Optional(0)) << second.standard_error();
  EXPECT_TRUE(watcher.wait_for_line("^nobody leads$")) << watcher.standard_error();
  watcher.signal(SIGTERM);
  EXPECT_THAT(watcher.wait_for_exit(), Optional(0)) << watcher.standard_error();
}

TEST_F(GuideTest, LeaderQueuesAgainAfterALoss) {
  Subprocess program = start_leader("lead");
  ASSERT_TRUE(program.wait_for_line(kLeads)) << program.standard_error();
  const LockEntries queue = queue_at("/examples/leader");
  ASSERT_THAT(queue, SizeIs(1));
  const std::string claim = queue.begin()->path;
  ASSERT_FALSE(client_->remove(claim, ZooKeeperClient::kAnyVersion, soon()).error());

  ASSERT_TRUE(program.wait_for_line("^leading no more$")) << program.standard_error();
  EXPECT_TRUE(becomes_true([&] {
    const LockEntries now = queue_at("/examples/leader");
    return now.size() == 1 && now.begin()->path != claim;
  }));
  program.signal(SIGTERM);
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
}

TEST_F(GuideTest, LeaderSaysHowToStartIt) {
  Subprocess program({EXAMPLES "/leader"});
  EXPECT_THAT(program.wait_for_exit(), Optional(2));
  EXPECT_THAT(program.standard_error(), HasSubstr("usage: leader lead|watch"));
}

TEST_F(GuideTest, WorkersWorkOnOneMachineAtATime) {
  Subprocess first = start("workers");
  ASSERT_TRUE(first.wait_for_line("^working, term [1-9][0-9]*$")) << first.standard_error();
  Subprocess second = start("workers");
  ASSERT_TRUE(becomes_true([this] { return queue_at("/examples/workers").size() == 2; }));
  EXPECT_EQ(second.standard_output(), "");

  first.signal(SIGTERM);
  EXPECT_TRUE(second.wait_for_line("^working, term [1-9][0-9]*$")) << second.standard_error();
  EXPECT_THAT(first.wait_for_exit(), Optional(0)) << first.standard_error();
  EXPECT_THAT(first.standard_output(), HasSubstr("working no more"));
  second.signal(SIGINT);
  EXPECT_THAT(second.wait_for_exit(), Optional(0)) << second.standard_error();
  EXPECT_THAT(queue_at("/examples/workers"), SizeIs(0));
}

TEST_F(GuideTest, WorkersMakeOneReport) {
  Subprocess first({EXAMPLES "/workers", address_, "report"});
  ASSERT_TRUE(first.wait_for_line("^the report has number ")) << first.standard_error();
  Subprocess late({EXAMPLES "/workers", address_, "report"});
  EXPECT_THAT(late.wait_for_exit(), Optional(0)) << late.standard_error();
  EXPECT_EQ(late.standard_output(), "somebody else makes the report\n");
  EXPECT_THAT(first.wait_for_exit(), Optional(0)) << first.standard_error();
}

TEST_F(GuideTest, WorkersDoWhatHasAKeyOnce) {
  for (const char* output : {"cleaning up\n", ""}) {
    Subprocess program({EXAMPLES "/workers", address_, "key", "2026-11-29"});
    EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
    EXPECT_EQ(program.standard_output(), output);
  }
}

TEST_F(GuideTest, ErrorsSayWhatToDo) {
  Subprocess program = start("errors");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  for (const char* line :
       {"advice: fix the program or the setup: trying again does not help$",
        "advice: .*: try again later$", "what:   .*/examples/errors is held by "}) {
    EXPECT_TRUE(program.wait_for_line(line)) << line << '\n' << program.standard_output();
  }
}

TEST_F(GuideTest, SharingAClientHoldsLocksOverOneConnection) {
  Subprocess program = start("sharing_a_client");
  EXPECT_THAT(program.wait_for_exit(), Optional(0)) << program.standard_error();
  EXPECT_TRUE(program.wait_for_line("^holding two locks over one connection$"));
  EXPECT_TRUE(program.wait_for_line("^holding a lock that only this identity can use$"));
}

}  // namespace
}  // namespace zklock::test
