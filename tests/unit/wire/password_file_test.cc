// What is taken for a password, and what the text says if there is none.
#include "wire/password_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace zklock::internal {
namespace {

class PasswordFileTest : public ::testing::Test {
 protected:
  ~PasswordFileTest() override { ::unlink(file_.c_str()); }

  [[nodiscard]] Password read(const std::string& text) const {
    std::ofstream(file_, std::ios::binary) << text;
    return read_password(file_);
  }
  [[nodiscard]] std::string problem_of(const std::string& text) const {
    const Password password = read(text);
    EXPECT_EQ(password.text, "");
    return password.problem;
  }

  const std::string file_ = ::testing::TempDir() + "zklock_password_" + std::to_string(::getpid());
  const std::string first_line_ = "the first line of \"" + file_ + '"';
};

TEST_F(PasswordFileTest, TheFirstLineIsThePassword) {
  EXPECT_EQ(read("correct horse").text, "correct horse");
  EXPECT_EQ(read("correct horse\n").text, "correct horse");
  EXPECT_EQ(read("correct horse\r\nbattery\n").text, "correct horse");
  EXPECT_EQ(read(" horse ").text, " horse ");
  EXPECT_EQ(read(std::string(1'023, 'x') + "\nmore").text, std::string(1'023, 'x'));
  EXPECT_EQ(read("x").problem, "");
}

TEST_F(PasswordFileTest, AFileWithoutOneSaysWhy) {
  EXPECT_EQ(problem_of(""), first_line_ + " is empty");
  EXPECT_EQ(problem_of("\nsecret"), first_line_ + " is empty");
  EXPECT_EQ(problem_of(std::string(1'024, 'x')), first_line_ + " is longer than 1023 bytes");
  EXPECT_EQ(problem_of(std::string(5'000, 'x')), first_line_ + " is longer than 1023 bytes");
  EXPECT_EQ(problem_of(std::string("a\0b", 3)), first_line_ + " has a NUL in it");
}

TEST_F(PasswordFileTest, WhatCannotBeReadIsNamed) {
  EXPECT_EQ(read_password(file_).problem,
            "cannot read \"" + file_ + "\": No such file or directory");
  EXPECT_EQ(read_password("/proc/self").problem, "cannot read \"/proc/self\": Is a directory");
}

TEST_F(PasswordFileTest, APipeThatNobodyWritesToIsNotWaitedFor) {
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_EQ(read_password(file_).problem, first_line_ + " is empty");
}

}  // namespace
}  // namespace zklock::internal
