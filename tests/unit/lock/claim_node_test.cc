#include "lock/claim_node.h"

#include <gmock/gmock.h>
#include <zklock/testing/mock_zookeeper_client.h>

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;
using ::testing::StrictMock;

class ClaimNodeTest : public ::testing::Test {
 protected:
  static Stat version(std::int32_t version) { return Stat{.version = version}; }

  Result<void> rewrite(const Context& context = {}) {
    return node_.rewrite(client_, metadata_, context);
  }

  const Metadata metadata_{.owner = "user1"};
  const std::string data_ = to_json(metadata_);
  StrictMock<zklock::testing::MockZooKeeperClient> client_;
  ClaimNode node_{Created{.path = "/l/c", .stat = version(3)}};
};

TEST_F(ClaimNodeTest, AnEmptyNodeHasNoPath) { EXPECT_EQ(ClaimNode().path(), ""); }

TEST_F(ClaimNodeTest, WritesWithItsLastVersion) {
  EXPECT_CALL(client_, set("/l/c", data_, 3, _)).WillOnce(Return(version(4)));
  EXPECT_TRUE(rewrite());
  EXPECT_CALL(client_, set("/l/c", data_, 4, _)).WillOnce(Return(version(5)));
  EXPECT_TRUE(rewrite());
}

TEST_F(ClaimNodeTest, AChangeBySomebodyElseIsAnError) {
  EXPECT_CALL(client_, set).WillOnce(Return(ZooKeeperErrc::bad_version));
  EXPECT_EQ(rewrite().error(), ZooKeeperErrc::bad_version);
}

TEST_F(ClaimNodeTest, DeletionBySomebodyElseIsAnErrorEvenAfterALostAnswer) {
  EXPECT_CALL(client_, set)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillOnce(Return(ZooKeeperErrc::no_node));
  EXPECT_EQ(rewrite().error(), ZooKeeperErrc::no_node);
}

TEST_F(ClaimNodeTest, AnUnansweredWriteIsRepeatedWithTheSameVersion) {
  EXPECT_CALL(client_, set("/l/c", data_, 3, _))
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillOnce(Return(version(4)));
  EXPECT_TRUE(rewrite());
}

TEST_F(ClaimNodeTest, AnOwnWriteWhoseAnswerWasLostIsRecognised) {
  EXPECT_CALL(client_, set)
      .WillOnce(Return(ZooKeeperErrc::operation_timeout))
      .WillOnce(Return(ZooKeeperErrc::bad_version));
  EXPECT_CALL(client_, get("/l/c", _)).WillOnce(Return(Znode{.data = data_, .stat = version(4)}));
  EXPECT_TRUE(rewrite());
  EXPECT_CALL(client_, set("/l/c", _, 4, _)).WillOnce(Return(version(5)));
  EXPECT_TRUE(rewrite());
}

TEST_F(ClaimNodeTest, AForeignWriteInTheMeantimeIsRecognised) {
  EXPECT_CALL(client_, set)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillOnce(Return(ZooKeeperErrc::bad_version));
  EXPECT_CALL(client_, get).WillOnce(Return(Znode{.data = "graffiti", .stat = version(4)}));
  EXPECT_EQ(rewrite().error(), ZooKeeperErrc::bad_version);
}

TEST_F(ClaimNodeTest, AnUnansweredReadIsRepeated) {
  EXPECT_CALL(client_, set)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(Return(ZooKeeperErrc::bad_version));
  EXPECT_CALL(client_, get)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillOnce(Return(Znode{.data = data_, .stat = version(4)}));
  EXPECT_TRUE(rewrite());
}

TEST_F(ClaimNodeTest, AMissingNodeIsAnError) {
  EXPECT_CALL(client_, set)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillOnce(Return(ZooKeeperErrc::bad_version));
  EXPECT_CALL(client_, get).WillOnce(Return(ZooKeeperErrc::no_node));
  EXPECT_EQ(rewrite().error(), ZooKeeperErrc::no_node);
}

TEST_F(ClaimNodeTest, FinalErrorsAreNotRetried) {
  EXPECT_CALL(client_, set).WillOnce(Return(ZooKeeperErrc::no_auth));
  EXPECT_EQ(rewrite().error(), ZooKeeperErrc::no_auth);
}

TEST_F(ClaimNodeTest, EndsWithTheContext) {
  EXPECT_CALL(client_, set).WillOnce(Return(ZooKeeperErrc::connection_loss));
  EXPECT_EQ(rewrite(Context().with_timeout(std::chrono::seconds(0))).error(),
            ZooKeeperErrc::connection_loss);
}

}  // namespace
}  // namespace zklock::internal
