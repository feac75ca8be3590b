// The end of a process that holds locks: its exit, and the one that a FailStop makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/fail_stop.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <string>

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

TEST(ExitWithLatecomerTest, WhatBeginsAfterTheExitIsRefusedAndLeavesNoClaim) {
  const ZooKeeperServer server;
  Subprocess holder({EXITER, server.address(), unique_path(), "latecomer"}, {kNoLeaks},
                    Subprocess::Input::written);
  ASSERT_TRUE(holder.wait_for_line("holding")) << holder.standard_error();
  holder.write("go\n");
  EXPECT_THAT(holder.wait_for_exit(kMostOfAnExit), Optional(0)) << holder.standard_error();
  EXPECT_TRUE(holder.wait_for_line("^client: the client is closed"));
  EXPECT_TRUE(holder.wait_for_line("^lock: ")) << holder.standard_output();
  // A session may be left: a client that is closed before it knows its session cannot end it.
  EXPECT_THAT(server.ask("mntr"), HasSubstr("zk_ephemerals_count\t0\n"));
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

}  // namespace
}  // namespace zklock::test
