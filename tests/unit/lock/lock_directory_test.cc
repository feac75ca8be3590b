#include "lock/lock_directory.h"

#include <gmock/gmock.h>
#include <zklock/testing/mock_zookeeper_client.h>

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;
using ::testing::StrictMock;

class LockDirectoryTest : public ::testing::Test {
 protected:
  DirectoryResult make(const Context& context = {}) {
    return create_lock_directory(client_, "/a/b/c", acl_, context);
  }
  /// The next create is of this path, and answers so.
  void expect_create(const std::string& path, std::error_code error = {}) {
    const Result<Created> answer = error ? Result<Created>(error) : Created{.path = path};
    EXPECT_CALL(client_, create(path, "", acl_, _)).InSequence(order_).WillOnce(Return(answer));
  }

  const Acl acl_{{Permission::all, "ip", "10.0.0.1"}};
  ::testing::Sequence order_;
  StrictMock<zklock::testing::MockZooKeeperClient> client_;
};

TEST_F(LockDirectoryTest, OneRequestIsEnoughIfTheParentExists) {
  expect_create("/a/b/c");
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, MissingParentsAreCreatedFromTheInnermost) {
  expect_create("/a/b/c", ZooKeeperErrc::no_node);
  expect_create("/a/b", ZooKeeperErrc::no_node);
  expect_create("/a");
  expect_create("/a/b");
  expect_create("/a/b/c");
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, ADirectoryThatExistsAlreadyWillDo) {
  expect_create("/a/b/c", ZooKeeperErrc::node_exists);
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, AParentThatIsDeletedMeanwhileIsCreatedAgain) {
  expect_create("/a/b/c", ZooKeeperErrc::no_node);
  expect_create("/a/b");
  expect_create("/a/b/c", ZooKeeperErrc::no_node);
  expect_create("/a/b");
  expect_create("/a/b/c");
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, WithoutThePermissionToCreateItAnExistingDirectoryWillDo) {
  expect_create("/a/b/c", ZooKeeperErrc::no_auth);
  EXPECT_CALL(client_, get("/a/b/c", _)).WillOnce(Return(Znode{}));
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, WithoutThePermissionAMissingDirectoryIsAnErrorThatNamesIt) {
  expect_create("/a/b/c", ZooKeeperErrc::no_node);
  expect_create("/a/b", ZooKeeperErrc::no_auth);
  EXPECT_CALL(client_, get("/a/b", _)).WillOnce(Return(ZooKeeperErrc::no_node));
  const DirectoryResult made = make();
  EXPECT_EQ(made.error, ZooKeeperErrc::no_auth);
  EXPECT_EQ(made.path, "/a/b");
}

TEST_F(LockDirectoryTest, AMissingChrootIsAnError) {
  expect_create("/a/b/c", ZooKeeperErrc::no_node);
  expect_create("/a/b", ZooKeeperErrc::no_node);
  expect_create("/a", ZooKeeperErrc::no_node);
  EXPECT_EQ(make().error, ZooKeeperErrc::no_node);
}

TEST_F(LockDirectoryTest, ARetryableErrorIsRetried) {
  expect_create("/a/b/c", ZooKeeperErrc::connection_loss);
  expect_create("/a/b/c");
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, ARetryableErrorIsReportedWhenTheTimeIsOver) {
  expect_create("/a/b/c", ZooKeeperErrc::connection_loss);
  EXPECT_EQ(make(Context().with_timeout(std::chrono::seconds(0))).error,
            ZooKeeperErrc::connection_loss);
}

}  // namespace
}  // namespace zklock::internal
