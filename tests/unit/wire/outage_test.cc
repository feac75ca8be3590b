// Which lines about an outage are written.
#include "wire/outage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/recording_logger.h"
#include "wire/outage_log.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class OutageTest : public ::testing::Test {
 protected:
  using Lines = std::vector<std::string>;

  void fail(const std::string& text = "refused") {
    write(outage_.on_failure(now_, {LogLevel::error, text}));
  }
  void lose() { write(outage_.on_lost(now_)); }
  void connect() { write(outage_.on_connected(now_)); }
  /// Attempts that fail, one after this pause each.
  void fail_for(std::chrono::nanoseconds time, std::chrono::nanoseconds pause = 100ms) {
    for (const BootTime end = now_ + time; now_ < end; now_ += pause) fail();
  }
  Lines take() { return std::exchange(lines_, {}); }

  BootTime now_ = BootTime(1h);
  const std::string address_ = "zk1:2181";
  Outage outage_{address_};

 private:
  void write(const Outage::Line& line) {
    if (line.text.empty()) return;
    lines_.push_back(std::to_string(static_cast<int>(line.level)) + " " + line.text);
  }

  Lines lines_;
};

TEST_F(OutageTest, TheFirstConnectionIsWritten) {
  connect();
  EXPECT_THAT(take(), ElementsAre("1 connected to zk1:2181"));
}

TEST_F(OutageTest, TheFirstFailureIsWrittenAsItIs) {
  fail("refused");
  fail("refused again");
  EXPECT_THAT(take(), ElementsAre("3 refused"));
}

TEST_F(OutageTest, OfAMinuteOnlyASummaryIsWritten) {
  fail_for(60s);
  EXPECT_THAT(take(), ElementsAre("3 refused"));
  fail("timed out");
  EXPECT_THAT(take(), ElementsAre("2 no connection to zk1:2181 for 60 s, 601 attempts; the last "
                                  "one: timed out"));
  fail_for(10min);
  EXPECT_THAT(take(), SizeIs(9));
}

TEST_F(OutageTest, TheRecoveryIsWrittenWithWhatItTook) {
  fail_for(3min + 10ms, 10ms);
  take();
  connect();
  EXPECT_THAT(take(), ElementsAre("1 connected to zk1:2181 after 3 min, 18001 attempts"));
}

TEST_F(OutageTest, ALostConnectionIsWrittenOnceAndIsNoAttempt) {
  connect();
  take();
  fail("hung up");
  lose();
  lose();  // another client
  now_ += 20ms;
  connect();
  connect();
  EXPECT_THAT(take(),
              ElementsAre("3 hung up", "2 lost the connection to zk1:2181",
                          "1 connected to zk1:2181 after 20 ms", "1 connected to zk1:2181"));
}

TEST_F(OutageTest, ConnectionsThatBreakAtOnceAreWrittenAFewTimesAMinute) {
  for (int i = 0; i < 600; ++i) {
    now_ += 100ms;
    connect();
    fail();
    lose();
  }
  EXPECT_LE(take().size(), 16U);
  now_ += 1min;
  connect();
  take();
  fail();
  EXPECT_THAT(take(), ElementsAre("3 refused"));
}

TEST_F(OutageTest, AnOutageThatBeganQuietlyIsSummarizedAllTheSame) {
  for (int i = 0; i < 20; ++i) {
    connect();
    fail();
  }
  take();
  fail_for(30s);
  EXPECT_THAT(take(), IsEmpty());
  fail_for(31s);
  EXPECT_THAT(take(), SizeIs(1));
  connect();
  EXPECT_THAT(take(), SizeIs(1));
}

TEST(OutageLogTest, IsSharedByClientsWithOneLoggerAndOneAddress) {
  const auto logger = std::make_shared<test::RecordingLogger>();
  const auto first = OutageLog::shared(logger, "zk1:2181");
  EXPECT_EQ(OutageLog::shared(logger, "zk1:2181"), first);
  EXPECT_NE(OutageLog::shared(logger, "zk2:2181"), first);
  EXPECT_NE(OutageLog::shared(std::make_shared<test::RecordingLogger>(), "zk1:2181"), first);
}

TEST(OutageLogTest, DetailsAreWrittenOutsideOfOutagesOnly) {
  const auto logger = std::make_shared<test::RecordingLogger>();
  const auto log = OutageLog::shared(logger, "zk1:2181");
  log->on_detail(LogLevel::debug, "before");
  log->on_failure(LogLevel::error, "refused");
  log->on_detail(LogLevel::debug, "meanwhile");
  log->on_connected();
  log->on_detail(LogLevel::debug, "afterwards");
  EXPECT_TRUE(logger->await("afterwards"));
  EXPECT_TRUE(logger->has("before"));
  EXPECT_FALSE(logger->has("meanwhile"));
}

TEST(OutageLogTest, NeedsNoLogger) {
  const auto log = OutageLog::shared(nullptr, "zk1:2181");
  log->on_failure(LogLevel::error, "refused");
  log->on_lost();
  log->on_connected();
}

}  // namespace
}  // namespace zklock::internal
