// `zklock break`, with answers that a real server seldom gives.
#include "cli/break_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/testing/mock_zookeeper_client.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cli/command_status.h"
#include "support/error_of.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using test::error_of;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::NiceMock;
using ::testing::Return;
using Client = NiceMock<zklock::testing::MockZooKeeperClient>;

constexpr std::int64_t kToken = 17;
constexpr const char* kClaim = "/locks/lock-0000000001";

class BreakCommandTest : public ::testing::Test {
 protected:
  BreakCommandTest() {
    ON_CALL(*client_, children("/locks", _))
        .WillByDefault(Return(Children{.names = {"lock-0000000001"}}));
    ON_CALL(*client_, get(kClaim, _)).WillByDefault(Return(claim(kToken, 3)));
  }

  static Znode claim(std::int64_t token, std::int32_t version) {
    return {.stat = {.czxid = token, .version = version, .ephemeral_owner = 1}};
  }
  [[nodiscard]] int break_it() const {
    return run(BreakOptions{.path = kClaim, .token = kToken, .yes = true},
               {.client = client_, .answer_timeout = 10s});
  }

  const std::shared_ptr<Client> client_ = std::make_shared<Client>();
};

TEST_F(BreakCommandTest, AClaimThatIsGoneAfterALostAnswerIsBroken) {
  EXPECT_CALL(*client_, get(kClaim, _))
      .WillOnce(Return(claim(kToken, 3)))  // of the list
      .WillOnce(Return(claim(kToken, 3)))
      .WillOnce(Return(ZooKeeperErrc::no_node));
  EXPECT_CALL(*client_, remove(kClaim, 3, _)).WillOnce(Return(ZooKeeperErrc::connection_loss));
  EXPECT_EQ(break_it(), status::kDone);
}

TEST_F(BreakCommandTest, AClaimThatWentBeforeIsNot) {
  EXPECT_CALL(*client_, get(kClaim, _))
      .WillOnce(Return(claim(kToken, 3)))
      .WillOnce(Return(ZooKeeperErrc::no_node));
  EXPECT_CALL(*client_, remove).Times(0);
  EXPECT_EQ(break_it(), status::kFailed);
}

TEST_F(BreakCommandTest, AnotherClaimOfTheSameNameIsLeftAlone) {
  EXPECT_CALL(*client_, get(kClaim, _))
      .WillOnce(Return(claim(kToken, 3)))
      .WillOnce(Return(claim(kToken + 1, 0)));
  EXPECT_CALL(*client_, remove).Times(0);
  EXPECT_EQ(break_it(), status::kFailed);
}

TEST_F(BreakCommandTest, AClaimThatIsRenewedMeanwhileIsBroken) {
  EXPECT_CALL(*client_, get(kClaim, _))
      .WillOnce(Return(claim(kToken, 3)))
      .WillOnce(Return(claim(kToken, 3)))
      .WillOnce(Return(claim(kToken, 4)));
  EXPECT_CALL(*client_, remove(kClaim, 3, _)).WillOnce(Return(ZooKeeperErrc::bad_version));
  EXPECT_CALL(*client_, remove(kClaim, 4, _)).WillOnce(Return(Result<void>()));
  EXPECT_EQ(break_it(), status::kDone);
}

TEST_F(BreakCommandTest, SaysThatAClaimMayBeGoneIfNobodyAnswers) {
  EXPECT_CALL(*client_, remove(kClaim, 3, _)).WillOnce(Return(ZooKeeperErrc::operation_timeout));
  const LockError error = error_of([&] { static_cast<void>(break_it()); });
  EXPECT_EQ(error.cause(), ZooKeeperErrc::operation_timeout);
  EXPECT_THAT(error.what(), HasSubstr("it may be gone"));
}

}  // namespace
}  // namespace zklock::cli
