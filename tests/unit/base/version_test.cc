#include <gtest/gtest.h>
#include <zklock/version.h>

#include <string>

namespace zklock {
namespace {

TEST(VersionTest, IsWhatTheMacrosSay) {
  EXPECT_EQ(version(), std::to_string(ZKLOCK_VERSION_MAJOR) + "." +
                           std::to_string(ZKLOCK_VERSION_MINOR) + "." +
                           std::to_string(ZKLOCK_VERSION_PATCH));
}

}  // namespace
}  // namespace zklock
