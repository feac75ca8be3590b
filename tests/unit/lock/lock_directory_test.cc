#include "lock/lock_directory.h"

#include <gmock/gmock.h>
#include <zklock/testing/mock_zookeeper_client.h>

#include <memory>

#include "lock/basic_claim_client.h"

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;
using ::testing::StrictMock;

class LockDirectoryTest : public ::testing::Test {
 protected:
  LockDirectoryTest() {
    settings_.path = "/a/b/c";
    settings_.acl = acl_;
    settings_.client = claim_client_of(client_, Background::shared(), Log());
  }

  DirectoryResult make(const Context& context = {}) {
    return create_lock_directory(settings_, *settings_.client, context);
  }
  /// The next create is of this path, and answers so.
  void expect_create(const std::string& path, std::error_code error = {}) {
    EXPECT_CALL(*client_, create(path, "", acl_, _))
        .InSequence(order_)
        .WillOnce(Return(answer(path, error)));
  }
  /// The same for the lock's own directory.
  void expect_container(std::error_code error = {}) {
    EXPECT_CALL(*client_, create_container("/a/b/c", "", acl_, _))
        .InSequence(order_)
        .WillOnce(Return(answer("/a/b/c", error)));
  }
  static Result<Created> answer(const std::string& path, std::error_code error) {
    return error ? Result<Created>(error) : Created{.path = path};
  }

  const Acl acl_{{Permission::all, "ip", "10.0.0.1"}};
  ::testing::Sequence order_;
  const std::shared_ptr<StrictMock<zklock::testing::MockZooKeeperClient>> client_ =
      std::make_shared<StrictMock<zklock::testing::MockZooKeeperClient>>();
  LockSettings settings_;
};

TEST_F(LockDirectoryTest, OneRequestIsEnoughIfTheParentExists) {
  expect_container();
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, MissingParentsAreCreatedFromTheInnermost) {
  expect_container(ZooKeeperErrc::no_node);
  expect_create("/a/b", ZooKeeperErrc::no_node);
  expect_create("/a");
  expect_create("/a/b");
  expect_container();
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, ADirectoryThatExistsAlreadyWillDo) {
  expect_container(ZooKeeperErrc::node_exists);
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, AParentThatIsDeletedMeanwhileIsCreatedAgain) {
  expect_container(ZooKeeperErrc::no_node);
  expect_create("/a/b");
  expect_container(ZooKeeperErrc::no_node);
  expect_create("/a/b");
  expect_container();
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, WithoutThePermissionToCreateItAnExistingDirectoryWillDo) {
  expect_container(ZooKeeperErrc::no_auth);
  EXPECT_CALL(*client_, get("/a/b/c", _)).WillOnce(Return(Znode{}));
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, WithoutThePermissionAMissingDirectoryIsAnErrorThatNamesIt) {
  expect_container(ZooKeeperErrc::no_node);
  expect_create("/a/b", ZooKeeperErrc::no_auth);
  EXPECT_CALL(*client_, get("/a/b", _)).WillOnce(Return(ZooKeeperErrc::no_node));
  const DirectoryResult made = make();
  EXPECT_EQ(made.error, ZooKeeperErrc::no_auth);
  EXPECT_EQ(made.path, "/a/b");
}

TEST_F(LockDirectoryTest, AMissingChrootIsAnError) {
  expect_container(ZooKeeperErrc::no_node);
  expect_create("/a/b", ZooKeeperErrc::no_node);
  expect_create("/a", ZooKeeperErrc::no_node);
  EXPECT_EQ(make().error, ZooKeeperErrc::no_node);
}

TEST_F(LockDirectoryTest, ARetryableErrorIsRetried) {
  expect_container(ZooKeeperErrc::connection_loss);
  expect_container();
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, ARetryableErrorIsReportedWhenTheTimeIsOver) {
  expect_container(ZooKeeperErrc::connection_loss);
  EXPECT_EQ(make(Context().with_timeout(std::chrono::seconds(0))).error,
            ZooKeeperErrc::connection_loss);
}

TEST_F(LockDirectoryTest, IsPersistentWhereThereAreNoContainers) {
  expect_container(ZooKeeperErrc::no_node);
  expect_create("/a/b");
  expect_container(ZooKeeperErrc::unimplemented);
  expect_create("/a/b/c");
  EXPECT_FALSE(make().error);
}

TEST_F(LockDirectoryTest, IsPersistentIfThatIsWanted) {
  settings_.directory = DirectoryKind::persistent;
  expect_create("/a/b/c");
  EXPECT_FALSE(make().error);
}

}  // namespace
}  // namespace zklock::internal
