#include "cli/find_program.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/temporary_directory.h"

namespace zklock::cli {
namespace {

/// Each case runs as exec would.
class FindProgramTest : public ::testing::Test {
 protected:
  FindProgramTest() {
    std::filesystem::create_directory(directory_.path() / "d");
    std::ofstream(directory_.path() / "tool");
    ::chmod((directory_.path() / "tool").c_str(), 0700);
    std::ofstream(directory_.path() / "text");
    std::filesystem::current_path(directory_.path());
  }
  ~FindProgramTest() override {
    std::filesystem::current_path(before_);
    ::setenv("PATH", path_before_.c_str(), 1);
  }
  int find(const std::string& name, const std::string& path) {
    ::setenv("PATH", path.c_str(), 1);
    return find_program(name);
  }
  std::string here() const { return directory_.path(); }

  const std::filesystem::path before_ = std::filesystem::current_path();
  const std::string path_before_ = ::getenv("PATH");
  const test::TemporaryDirectory directory_;
};

TEST_F(FindProgramTest, LooksInEachDirectoryOfThePath) {
  EXPECT_EQ(find("tool", "/no/such:" + here()), 0);
  EXPECT_EQ(find("tool", "/no/such"), ENOENT);
  EXPECT_EQ(find("text", here()), EACCES);
  EXPECT_EQ(find("d", here()), EACCES);
}

TEST_F(FindProgramTest, AnEmptyPartOfThePathIsTheCurrentDirectory) {
  for (const char* path : {"", ":/no/such", "/no/such:", "/no/such::/none"}) {
    EXPECT_EQ(find("tool", path), 0) << path;
  }
}

TEST_F(FindProgramTest, ANameWithASlashIsNotLookedFor) {
  EXPECT_EQ(find("./tool", "/no/such"), 0);
  EXPECT_EQ(find(here() + "/tool", ""), 0);
  EXPECT_EQ(find("d/tool", here()), ENOENT);
  EXPECT_EQ(find("", here()), ENOENT);
}

}  // namespace
}  // namespace zklock::cli
