// What is taken for a password, and what the text says if there is none.
#include "wire/password_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>

namespace zklock::internal {
namespace {

class PasswordFileTest : public ::testing::Test {
 protected:
  ~PasswordFileTest() override { ::unlink(file_.c_str()); }

  /// The password of a file with this text.
  [[nodiscard]] std::string_view read(const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    EXPECT_EQ(password_.read(file_), "");
    return password_.text();
  }
  [[nodiscard]] std::string problem_of(const std::string& text) {
    std::ofstream(file_, std::ios::binary) << text;
    std::string problem = password_.read(file_);
    EXPECT_EQ(password_.text(), "");
    return problem;
  }

  const std::string file_ = ::testing::TempDir() + "zklock_password_" + std::to_string(::getpid());
  Password password_;
  const std::string first_line_ = "the first line of \"" + file_ + '"';
};

TEST_F(PasswordFileTest, TheFirstLineIsThePassword) {
  EXPECT_EQ(read("correct horse"), "correct horse");
  EXPECT_EQ(read("correct horse\n"), "correct horse");
  EXPECT_EQ(read("correct horse\r\nbattery\n"), "correct horse");
  EXPECT_EQ(read(" horse "), " horse ");
  EXPECT_EQ(read(std::string(1'023, 'x') + "\nmore"), std::string(1'023, 'x'));
}

TEST_F(PasswordFileTest, AFileWithoutOneSaysWhy) {
  EXPECT_EQ(problem_of(""), first_line_ + " is empty");
  EXPECT_EQ(problem_of("\nsecret"), first_line_ + " is empty");
  EXPECT_EQ(problem_of(std::string(1'024, 'x')), first_line_ + " is longer than 1023 bytes");
  EXPECT_EQ(problem_of(std::string(5'000, 'x')), first_line_ + " is longer than 1023 bytes");
  EXPECT_EQ(problem_of(std::string("a\0b", 3)), first_line_ + " has a NUL in it");
}

TEST_F(PasswordFileTest, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(password_.read(file_), "cannot read \"" + file_ + "\": No such file or directory");
  EXPECT_EQ(password_.read("/proc/self"), "cannot read \"/proc/self\": Is a directory");
}

TEST_F(PasswordFileTest, APipeIsRefusedAndNotWaitedFor) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(password_.read(file_), "cannot read \"" + file_ + "\": Illegal seek");
}

}  // namespace
}  // namespace zklock::internal
