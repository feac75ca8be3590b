// The life of a process around the lock: its exit, its forks, and a system without threads to
// spare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/fail_stop.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/soon.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

/// The child leaves what is the parent's, or what a stuck hook uses: that looks like a leak.
const char* const kNoLeaks = "ASAN_OPTIONS=detect_leaks=0";

/// What an exit may take: about a second, and what a busy machine adds. (It was 10 s or forever.)
constexpr std::chrono::seconds kMostOfAnExit{5};

// --- exit ---------------------------------------------------------------------------------------

class ExitTest : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(holder_.wait_for_line("holding")) << holder_.standard_error();
  }
  void expect_exit() {
    EXPECT_THAT(holder_.wait_for_exit(kMostOfAnExit), Optional(0)) << holder_.standard_error();
  }

  ZooKeeperServer server_;
  const std::string path_ = unique_path();
  Subprocess holder_{
      {EXITER, server_.address(), path_, GetParam()}, {kNoLeaks}, Subprocess::Input::written};
};

TEST_P(ExitTest, EndsSoonAndFreesTheLock) {
  ZooKeeperLock lock({.address = server_.address(), .path = path_});
  holder_.write("go\n");
  // Its session would last for another 10 s.
  const Lease lease = lock.lock(kMostOfAnExit);
  EXPECT_TRUE(lease.valid());
  expect_exit();
}

INSTANTIATE_TEST_SUITE_P(Ways, ExitTest,
                         ::testing::Values("plain", "plain-static", "leaked", "busy", "stuck-hook",
                                           "stuck-callback", "stuck-logger", "stuck-stderr",
                                           "static-client"));

class ExitWithFrozenServerTest : public ExitTest {};

TEST_P(ExitWithFrozenServerTest, EndsSoon) {
  server_.stop();
  holder_.write("go\n");
  expect_exit();
  server_.resume();
}

TEST_P(ExitWithFrozenServerTest, EndsSoonWithoutAConnection) {
  server_.kill();
  holder_.write("go\n");
  expect_exit();
}

INSTANTIATE_TEST_SUITE_P(Ways, ExitWithFrozenServerTest,
                         ::testing::Values("plain", "many", "many-static", "static-client",
                                           "stuck-hook"));

// --- fail-stop ----------------------------------------------------------------------------------

TEST(SpinningHolderTest, AFailStopEndsTheProcessBeforeItsLeaseEnds) {
  ZooKeeperServer server;
  Subprocess spinner({SPINNER, server.address(), unique_path()});
  ASSERT_TRUE(spinner.wait_for_line("holding")) << spinner.standard_error();
  server.stop();
  EXPECT_THAT(spinner.wait_for_exit(), Optional(FailStop::kExitStatus))
      << spinner.standard_output() << spinner.standard_error();
  EXPECT_THAT(spinner.standard_error(), HasSubstr("is within 500 ms of its end"));
  server.resume();
}

// --- fork ---------------------------------------------------------------------------------------

#ifdef ZKLOCK_SANITIZED
constexpr const char* kChildren = "200";
#else
constexpr const char* kChildren = "10000";
#endif

TEST(ForkTest, NoChildOfABusyProcessHangs) {
  const ZooKeeperServer& server = ZooKeeperServer::shared();
  Subprocess parent({FORK_STORM, server.address(), unique_path(), kChildren},
                    {kNoLeaks, "TSAN_OPTIONS=die_after_fork=0"});
  EXPECT_THAT(parent.wait_for_exit(300s), Optional(0)) << parent.standard_error();
  EXPECT_THAT(parent.standard_output(), HasSubstr("0 of ")) << parent.standard_error();
}

// --- threads ------------------------------------------------------------------------------------

#ifndef ZKLOCK_SANITIZED  // whose own threads would count

/// Three of ours, and four for a handle.
constexpr int kThreadsOfAClient = 7;

class ThreadStarvationTest : public ::testing::TestWithParam<int> {};

TEST_P(ThreadStarvationTest, ConnectingSucceedsOrIsALockError) {
  const ZooKeeperServer& server = ZooKeeperServer::shared();
  Subprocess starved(
      {STARVED, "connect", server.address(), unique_path(), std::to_string(GetParam())});
  EXPECT_THAT(starved.wait_for_exit(), Optional(0)) << starved.standard_error();
  EXPECT_TRUE(starved.wait_for_line(
      GetParam() < kThreadsOfAClient ? "^LockError: attempt to acquire lock failed: .*cannot start"
                                     : "^locked"))
      << starved.standard_output();
}

INSTANTIATE_TEST_SUITE_P(Spare, ThreadStarvationTest, ::testing::Range(0, kThreadsOfAClient + 1));

TEST(ThreadStarvationOfHoldersTest, TheySurviveTheirLossAndLockAgain) {
  ZooKeeperServer server;
  std::vector<std::unique_ptr<Subprocess>> holders;
  for (int spare = 0; spare < kThreadsOfAClient; ++spare) {
    holders.push_back(
        std::make_unique<Subprocess>(std::vector<std::string>{STARVED, "hold", server.address(),
                                                              unique_path(), std::to_string(spare)},
                                     std::vector<std::string>{}, Subprocess::Input::written));
    ASSERT_TRUE(holders.back()->wait_for_line("holding")) << holders.back()->standard_error();
  }
  server.stop();
  // Three session timeouts without a server: another session is begun, that is, another handle.
  EXPECT_FALSE(holders.front()->wait_for_exit(9s)) << holders.front()->standard_error();
  server.resume();
  for (const std::unique_ptr<Subprocess>& holder : holders) {
    holder->write("go\n");
    EXPECT_THAT(holder->wait_for_exit(), Optional(0)) << holder->standard_error();
    EXPECT_TRUE(holder->wait_for_line("^locked")) << holder->standard_output();
  }
}

#endif

}  // namespace
}  // namespace zklock::test
