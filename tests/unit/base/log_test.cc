#include "base/log.h"

#include <gmock/gmock.h>

#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/recording_logger.h"

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using zklock::test::RecordingLogger;

class LogTest : public ::testing::Test {
 protected:
  /// Waits until all that was posted is written.
  void flush() {
    std::promise<void> done;
    background_->watchers.post([&] { done.set_value(); });
    done.get_future().wait();
  }

  std::shared_future<void> logger_waits_for_;
  const std::shared_ptr<RecordingLogger> lines_ =
      std::make_shared<RecordingLogger>([this](std::string_view message) {
        if (logger_waits_for_.valid()) logger_waits_for_.wait();
        if (message == "throw") throw std::runtime_error("no");
      });
  const std::shared_ptr<Background> background_ = Background::shared();
};

TEST_F(LogTest, WritesLinesOnTheCallingThread) {
  const Log log(lines_);
  EXPECT_TRUE(log.enabled());
  log.debug("a");
  log.info(std::string("b"));
  log.warning([] { return std::string("c"); });
  log.error("d");
  EXPECT_THAT(lines_->lines(), ElementsAre("0 a", "1 b", "2 c", "3 d"));
  EXPECT_EQ(lines_->thread(), std::this_thread::get_id());
}

TEST_F(LogTest, DoesNotBuildLinesWithoutALogger) {
  const Log log;
  EXPECT_FALSE(log.enabled());
  log.error([]() -> std::string { throw std::runtime_error("made"); });
}

TEST_F(LogTest, DropsExceptions) {
  const Log log(lines_);
  log.error("throw");
  log.error([]() -> std::string { throw std::runtime_error("no line"); });
  log.error("a");
  EXPECT_THAT(lines_->lines(), ElementsAre("3 throw", "3 a"));
}

TEST_F(LogTest, WritesLinesInOrderInTheBackground) {
  const Log log(lines_, background_);
  log.error("throw");
  log.info("a");
  log.info([] { return std::string("b"); });
  flush();
  EXPECT_THAT(lines_->lines(), ElementsAre("3 throw", "1 a", "1 b"));
  EXPECT_NE(lines_->thread(), std::this_thread::get_id());
}

TEST_F(LogTest, ASlowLoggerLosesTheNewestLines) {
  std::promise<void> go;
  logger_waits_for_ = go.get_future().share();
  const Log log(lines_, background_);
  for (int i = 0; i < 3'000; ++i) log.info(std::to_string(i));
  go.set_value();
  flush();
  const std::vector<std::string> lines = lines_->lines();
  ASSERT_GE(lines.size(), 1'000U);
  EXPECT_LE(lines.size(), 1'001U);
  EXPECT_EQ(lines[999], "1 999");
  log.info("later");
  flush();
  EXPECT_EQ(lines_->lines().back(), "1 later");
}

}  // namespace
}  // namespace zklock::internal
