// A system without threads to spare.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Optional;

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

}  // namespace
}  // namespace zklock::test
