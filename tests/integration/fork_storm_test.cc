// A process that forks while it uses locks.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Optional;

#ifdef ZKLOCK_SANITIZED
constexpr const char* kChildren = "200";
#else
constexpr const char* kChildren = "10000";
#endif

TEST(ForkTest, NoChildOfABusyProcessHangs) {
  const ZooKeeperServer& server = ZooKeeperServer::shared();
  Subprocess parent({FORK_STORM, server.address(), unique_path(), kChildren},
                    {"ASAN_OPTIONS=detect_leaks=0"});
  EXPECT_THAT(parent.wait_for_exit(300s), Optional(0)) << parent.standard_error();
  EXPECT_THAT(parent.standard_output(), HasSubstr("0 of ")) << parent.standard_error();
}

}  // namespace
}  // namespace zklock::test
