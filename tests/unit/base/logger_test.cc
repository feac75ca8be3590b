#include <gtest/gtest.h>
#include <zklock/logger.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/virtual_clock.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;

class StderrLoggerTest : public ::testing::Test {
 protected:
  StderrLoggerTest() {
    setenv("TZ", "UTC-2", 1);  // two hours east
    tzset();
  }
  ~StderrLoggerTest() override {
    unsetenv("TZ");
    tzset();
  }

  /// Writes a line when the wall clock shows this.
  void write_at(internal::WallTime wall, std::string_view line) {
    internal::VirtualPlatform platform(time_.time(), {.wall = wall});
    const internal::PlatformScope scope(platform);
    stderr_logger()->log(LogLevel::error, line);
  }

  zklock::testing::VirtualClock time_{
      {.wall = internal::WallTime(1'795'416'212s + 999ms)}};  // 2026-11-23T06:43:32.999Z
};

TEST_F(StderrLoggerTest, WritesTheLocalTimeAndTheLevel) {
  const auto logger = stderr_logger(LogLevel::debug);
  ::testing::internal::CaptureStderr();
  logger->log(LogLevel::debug, "a");
  logger->log(LogLevel::info, "b");
  logger->log(LogLevel::warning, "c");
  logger->log(LogLevel::error, "");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "2026/11/23 08:43:32 zklock debug: a\n"
            "2026/11/23 08:43:32 zklock info: b\n"
            "2026/11/23 08:43:32 zklock warning: c\n"
            "2026/11/23 08:43:32 zklock error: \n");
}

TEST_F(StderrLoggerTest, LeavesOutLowerLevels) {
  ::testing::internal::CaptureStderr();
  const auto logger = stderr_logger();
  logger->log(LogLevel::debug, "a");
  logger->log(LogLevel::info, "b");
  logger->log(LogLevel::warning, "c");
  stderr_logger(LogLevel::error)->log(LogLevel::warning, "d");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "2026/11/23 08:43:32 zklock warning: c\n");
}

TEST_F(StderrLoggerTest, AMessageIsOneLine) {
  ::testing::internal::CaptureStderr();
  stderr_logger()->log(LogLevel::error, std::string_view("a\nb\x1b[0m\0c\x7f", 10));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(),
            "2026/11/23 08:43:32 zklock error: a b [0m c \n");
}

TEST_F(StderrLoggerTest, SurvivesTimesOutsideTheCalendar) {
  ::testing::internal::CaptureStderr();
  write_at(internal::WallTime::min(), "early");
  write_at(internal::WallTime::max(), "late");
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("1677/09/21"), std::string::npos) << text;
  EXPECT_NE(text.find("2262/04/12"), std::string::npos) << text;
}

TEST_F(StderrLoggerTest, LinesOfManyThreadsDoNotMix) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  const auto logger = stderr_logger();
  ::testing::internal::CaptureStderr();
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&logger, i] {
      const std::string message(100, static_cast<char>('a' + i));
      for (int line = 0; line < kLines; ++line) logger->log(LogLevel::error, message);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::istringstream text(::testing::internal::GetCapturedStderr());
  const std::string start = "2026/11/23 08:43:32 zklock error: ";
  int count = 0;
  for (std::string line; std::getline(text, line); ++count) {
    ASSERT_EQ(line.size(), start.size() + 100) << line;
    ASSERT_EQ(line.substr(0, start.size()), start);
    ASSERT_EQ(line.substr(start.size()), std::string(100, line.back()));
  }
  EXPECT_EQ(count, kThreads * kLines);
}

}  // namespace
}  // namespace zklock
