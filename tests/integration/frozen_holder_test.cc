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
using ::testing::SizeIs;

class FrozenHolderTest : public ::testing::Test {
 protected:
  /// The holder has the lock, and is frozen or about to be.
  void SetUp() override {
    ASSERT_TRUE(holder_.write("outlast 1 " + path_ + " frozen\n"));
    const std::optional<std::string> holds = holder_.wait_for_line("^1 holds ");
    ASSERT_TRUE(holds) << holder_.standard_output() << holder_.standard_error();
    token_ = std::stoll(holds->substr(std::string("1 holds ").size()));
  }

  void wake_up() {
    holder_.signal(SIGCONT);
    ASSERT_TRUE(holder_.wait_for_line("^1 unlock: "))
        << holder_.standard_output() << holder_.standard_error();
  }

  const std::string address_ = ZooKeeperServer::shared().address();
  const std::string path_ = unique_path();
  Subprocess holder_{{LOCKER, address_, "1000", "0"}, {}, Subprocess::Input::written};
  ZooKeeperLock lock_{{.address = address_, .path = path_}};
  std::int64_t token_ = 0;
};

TEST_F(FrozenHolderTest, LosesTheLockAndIsNotifiedWhenItWakesUp) {
  const Lease lease = lock_.lock(soon());
  EXPECT_GT(lease.fencing_token(), token_);
  wake_up();
  EXPECT_THAT(holder_.standard_output(), HasSubstr("\n1 lost: "));
  EXPECT_THAT(holder_.standard_output(), HasSubstr("\n1 not valid any more\n"));
  EXPECT_THAT(holder_.standard_output(),
              HasSubstr("\n1 unlock: " + make_error_code(Errc::lock_lost).message() + "\n"));
  EXPECT_TRUE(lease.valid());
  EXPECT_THAT(lock_.entries(soon()), SizeIs(1)) << "its unlock touched nobody else's claim";
}

TEST_F(FrozenHolderTest, LeaseIsInvalidBeforeTheHolderHearsFromAServer) {
  const Lease lease = lock_.lock(soon());
  wake_up();
  EXPECT_THAT(holder_.standard_output(), HasSubstr("\n1 not valid\n"));
}

}  // namespace
}  // namespace zklock::test
