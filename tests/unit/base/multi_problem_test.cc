#include "base/multi_problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/error.h>

#include <string>
#include <vector>

namespace zklock::internal {
namespace {

using ::testing::HasSubstr;
using Type = MultiOperation::Type;

constexpr std::size_t kLarge = 500'000;

TEST(MultiProblemTest, GoodOnesHaveNone) {
  EXPECT_FALSE(multi_problem({{.type = Type::check, .path = "/a"},
                              {.type = Type::set, .path = "/", .data = "x"},
                              {.type = Type::create, .path = "/a/b"},
                              {.type = Type::remove, .path = "/a/b"}},
                             0));
}

TEST(MultiProblemTest, NoOperationIsOne) {
  const auto problem = multi_problem({}, 0);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->error, ZooKeeperErrc::bad_arguments);
}

TEST(MultiProblemTest, NamesTheOperationWithTheBadPath) {
  const auto problem =
      multi_problem({{.type = Type::check, .path = "/a"}, {.type = Type::set, .path = "/a//b"}}, 0);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->error, ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(problem->operation, 1U);
  EXPECT_THAT(problem->text, HasSubstr("\"//\""));
}

TEST(MultiProblemTest, AnAclWithoutEntriesIsOneOfACreate) {
  const Acl none{std::vector<AclEntry>()};
  const auto problem = multi_problem({{.type = Type::create, .path = "/a", .acl = none}}, 0);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->error, ZooKeeperErrc::invalid_acl);
  EXPECT_FALSE(multi_problem({{.type = Type::set, .path = "/a", .acl = none}}, 0));
}

TEST(MultiProblemTest, CountsTheBytesOfAll) {
  const MultiOperation large{.type = Type::set, .path = "/a", .data = std::string(kLarge, 'x')};
  EXPECT_FALSE(multi_problem({large}, 0));
  const auto problem = multi_problem({large, large}, 0);
  ASSERT_TRUE(problem);
  EXPECT_EQ(problem->error, ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(problem->operation, 1U);
}

TEST(MultiProblemTest, CountsTheChrootInFrontOfEachPath) {
  const std::vector<MultiOperation> many(10'000, {.type = Type::check, .path = "/a"});
  EXPECT_FALSE(multi_problem(many, 0));
  EXPECT_TRUE(multi_problem(many, 100));
}

}  // namespace
}  // namespace zklock::internal
