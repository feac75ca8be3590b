#include "base/log.h"

#include <gmock/gmock.h>

#include <future>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;

class Lines final : public Logger {
 public:
  void log(LogLevel level, std::string_view message) override {
    if (blocks_until.valid()) blocks_until.wait();
    const std::scoped_lock lock(mutex_);
    lines_.push_back(std::to_string(static_cast<int>(level)) + std::string(message));
    thread_ = std::this_thread::get_id();
    if (message == "throw") throw std::runtime_error("no");
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  [[nodiscard]] std::thread::id thread() const {
    const std::scoped_lock lock(mutex_);
    return thread_;
  }

  std::shared_future<void> blocks_until;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
  std::thread::id thread_;          // guarded by mutex_
};

class LogTest : public ::testing::Test {
 protected:
  /// Waits until all that was posted is written.
  void flush() {
    std::promise<void> done;
    background_->watchers.post([&] { done.set_value(); });
    done.get_future().wait();
  }

  const std::shared_ptr<Lines> lines_ = std::make_shared<Lines>();
  const std::shared_ptr<Background> background_ = Background::shared();
};

TEST_F(LogTest, WritesLinesOnTheThreadThatHasThem) {
  const Log log(lines_);
  EXPECT_TRUE(log.enabled());
  log.debug("a");
  log.info(std::string("b"));
  log.warning([] { return std::string("c"); });
  log.error("d");
  EXPECT_THAT(lines_->lines(), ElementsAre("0a", "1b", "2c", "3d"));
  EXPECT_EQ(lines_->thread(), std::this_thread::get_id());
}

TEST_F(LogTest, MakesNoLineThatNobodyReads) {
  const Log log;
  EXPECT_FALSE(log.enabled());
  log.error([]() -> std::string { throw std::runtime_error("made"); });
}

TEST_F(LogTest, DropsWhatIsThrown) {
  const Log log(lines_);
  log.error("throw");
  log.error([]() -> std::string { throw std::runtime_error("no line"); });
  log.error("a");
  EXPECT_THAT(lines_->lines(), ElementsAre("3throw", "3a"));
}

TEST_F(LogTest, WritesLinesInOrderInTheBackgroundWhereItMustNotBlock) {
  const Log log(lines_, background_);
  log.error("throw");
  log.info("a");
  log.info([] { return std::string("b"); });
  flush();
  EXPECT_THAT(lines_->lines(), ElementsAre("3throw", "1a", "1b"));
  EXPECT_NE(lines_->thread(), std::this_thread::get_id());
}

TEST_F(LogTest, ALoggerThatIsSlowerThanTheLinesComeLosesTheNewest) {
  std::promise<void> go;
  lines_->blocks_until = go.get_future().share();
  const Log log(lines_, background_);
  for (int i = 0; i < 3'000; ++i) log.info(std::to_string(i));
  go.set_value();
  flush();
  const std::vector<std::string> lines = lines_->lines();
  ASSERT_GE(lines.size(), 1'000U);
  EXPECT_LE(lines.size(), 1'001U);
  EXPECT_EQ(lines[999], "1999");
  log.info("later");
  flush();
  EXPECT_EQ(lines_->lines().back(), "1later");
}

}  // namespace
}  // namespace zklock::internal
