// The register refuses tokens that are out of date.
#include "register.h"

#include <gtest/gtest.h>

#include "support/temporary_directory.h"

namespace zklock::chaos {
namespace {

using Answer = Register::Answer;

TEST(Register, RefusesSmallerTokensThanItHasSeen) {
  const test::TemporaryDirectory directory;
  Register first(directory.path() / "register");
  Register second(directory.path() / "register");
  EXPECT_EQ(first.write("/a", 7, "x"), Answer::written);
  EXPECT_EQ(second.write("/a", 9, "y"), Answer::written);
  EXPECT_EQ(second.write("/a", 9, "z"), Answer::written);
  EXPECT_EQ(first.write("/a", 8, "x"), Answer::refused);
  EXPECT_EQ(first.write("/b", 8, "x"), Answer::written) << "another path";
}

}  // namespace
}  // namespace zklock::chaos
