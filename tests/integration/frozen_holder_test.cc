// A holder whose process is stopped for longer than its session lives, and then goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Optional;
using ::testing::SizeIs;

class FrozenHolderTest : public ::testing::Test {
 protected:
  /// The sleeper holds the lock, and is asleep or about to be.
  void SetUp() override {
    const std::optional<std::string> holds = sleeper_.wait_for_line("^holds ");
    ASSERT_TRUE(holds) << sleeper_.standard_error();
    token_ = std::stoll(holds->substr(std::string("holds ").size()));
  }

  void wake_up() {
    sleeper_.signal(SIGCONT);
    ASSERT_THAT(sleeper_.wait_for_exit(), Optional(0)) << sleeper_.standard_error();
  }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  Subprocess sleeper_{{SLEEPER, address_, path_, "1000"}};
  ZooKeeperLock lock_{{.address = address_, .path = path_}};
  std::int64_t token_ = 0;
};

TEST_F(FrozenHolderTest, LosesTheLockToTheNextOneAndIsToldWhenItWakesUp) {
  const Lease lease = lock_.lock(soon());
  EXPECT_GT(lease.fencing_token(), token_);
  wake_up();
  EXPECT_THAT(sleeper_.standard_output(), HasSubstr("\nlost: "));
  EXPECT_THAT(sleeper_.standard_output(), HasSubstr("\nnot valid any more\n"));
  EXPECT_THAT(sleeper_.standard_output(),
              HasSubstr("\nunlock: " + make_error_code(Errc::lock_lost).message() + "\n"));
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(lock_.entries(soon()), SizeIs(1)) << "its unlock touched nobody else's claim";
}

TEST_F(FrozenHolderTest, FindsItsLeaseNotValidBeforeItHasHeardFromAServer) {
  const Lease lease = lock_.lock(soon());
  wake_up();
  EXPECT_THAT(sleeper_.standard_output(), HasSubstr("\nnot valid\n"));
}

}  // namespace
}  // namespace zklock::test
