// Whether a create whose answer was lost was carried out.
#include "client/list_behind_write.h"

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace zklock::internal {
namespace {

using E = ZooKeeperErrc;

Children list_of(std::vector<std::string> names) {
  Children children;
  children.names = std::move(names);
  return children;
}

const std::error_code kWritten{};

TEST(FindCreatedTest, TheNodeWithTheIdIsFound) {
  const auto found =
      find_created(kWritten, list_of({"_c_12-lock-1", "_c_34-lock-2"}), "/locks", "34");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, "/locks/_c_34-lock-2");
}

TEST(FindCreatedTest, ANodeThatIsNotListedWasNotCreated) {
  const auto found = find_created(kWritten, list_of({"_c_12-lock-1"}), "/locks", "34");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, "");
}

TEST(FindCreatedTest, WithoutItsDirectoryThereIsNoNode) {
  const auto found = find_created(E::no_node, E::no_node, "/locks", "34");
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, "");
}

TEST(FindCreatedTest, AListBehindAWriteThatWasRefusedForATimeProvesNothing) {
  EXPECT_EQ(find_created(E::throttled, list_of({}), "/locks", "34").error(), E::throttled);
  EXPECT_EQ(find_created(E::connection_loss, list_of({}), "/locks", "34").error(),
            E::connection_loss);
}

TEST(FindCreatedTest, AWriteWithoutPermissionWentThroughTheQuorum) {
  EXPECT_TRUE(find_created(E::no_auth, list_of({}), "/locks", "34"));
}

TEST(FindCreatedTest, WithoutAListNothingIsKnown) {
  EXPECT_EQ(find_created(kWritten, E::connection_loss, "/locks", "34").error(), E::connection_loss);
}

}  // namespace
}  // namespace zklock::internal
