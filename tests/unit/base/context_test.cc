#include <gtest/gtest.h>
#include <zklock/context.h>

#include <chrono>
#include <limits>
#include <stop_token>

#include "support/virtual_clock.h"

namespace zklock {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

class ContextTest : public ::testing::Test {
 protected:
  zklock::testing::VirtualClock time_;
};

/// A clock that is neither of the standard's two, one day ahead of nothing.
struct OtherClock {
  using duration = std::chrono::milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<OtherClock>;
  static time_point now() { return time_point(24h); }
};

TEST_F(ContextTest, HasNoLimitsByDefault) {
  const Context context;
  EXPECT_FALSE(context.deadline());
  EXPECT_FALSE(context.expired());
  EXPECT_FALSE(context.canceled());
  EXPECT_FALSE(context.value("owner"));
  EXPECT_TRUE(context.stop_tokens().empty());
  EXPECT_TRUE(context.may_wait());
}

TEST_F(ContextTest, TimeoutCountsFromNow) {
  const Context context = Context().with_timeout(3s);
  EXPECT_EQ(context.deadline(), time_.steady_now() + 3s);
  EXPECT_FALSE(context.expired());
  time_.advance(3s - 1ns);
  EXPECT_FALSE(context.expired());
  time_.advance(1ns);
  EXPECT_TRUE(context.expired());
}

TEST_F(ContextTest, ZeroAndNegativeTimeoutsHavePassed) {
  EXPECT_TRUE(Context().with_timeout(0s).expired());
  EXPECT_TRUE(Context().with_timeout(-1ns).expired());
  EXPECT_TRUE(Context().with_timeout(-1h).expired());
}

TEST_F(ContextTest, TheEarlierDeadlineCounts) {
  const Context context = Context().with_timeout(3s);
  EXPECT_EQ(context.with_timeout(5s).deadline(), time_.steady_now() + 3s);
  EXPECT_EQ(context.with_timeout(1s).deadline(), time_.steady_now() + 1s);
  EXPECT_EQ(context.with_deadline(time_.steady_now() + 2s).deadline(), time_.steady_now() + 2s);
  EXPECT_EQ(context.with_deadline(steady_clock::time_point::max()).deadline(),
            time_.steady_now() + 3s);
}

TEST_F(ContextTest, WallClockDeadlineIsConvertedOnce) {
  const Context context = Context().with_deadline(system_clock::time_point(time_.wall_now()) + 5s);
  EXPECT_EQ(context.deadline(), time_.steady_now() + 5s);
  time_.step_wall(1h);
  EXPECT_FALSE(context.expired());
  EXPECT_EQ(context.deadline(), time_.steady_now() + 5s);
}

TEST_F(ContextTest, DeadlinesOfOtherClocksAreConverted) {
  EXPECT_EQ(Context().with_deadline(OtherClock::now() + 7s).deadline(), time_.steady_now() + 7s);
  EXPECT_EQ(Context().with_deadline(OtherClock::now() - 7s).deadline(), time_.steady_now() - 7s);
}

TEST_F(ContextTest, DurationsSaturate) {
  const auto never = steady_clock::time_point::max();
  EXPECT_EQ(Context().with_timeout(nanoseconds::max()).deadline(), never);
  EXPECT_EQ(Context().with_timeout(std::chrono::hours::max()).deadline(), never);
  EXPECT_EQ(Context().with_timeout(std::chrono::duration<double>(1e300)).deadline(), never);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Context().with_timeout(std::chrono::duration<double>(kInfinity)).deadline(), never);

  EXPECT_TRUE(Context().with_timeout(nanoseconds::min()).expired());
  EXPECT_TRUE(Context().with_timeout(std::chrono::hours::min()).expired());
  EXPECT_TRUE(Context().with_timeout(std::chrono::duration<double>(-kInfinity)).expired());
}

TEST_F(ContextTest, ATimeoutThatIsNotANumberHasPassed) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(Context().with_timeout(std::chrono::duration<double>(kNan)).expired());
}

TEST_F(ContextTest, TimePointsSaturate) {
  const auto never = steady_clock::time_point::max();
  EXPECT_EQ(Context().with_deadline(steady_clock::time_point::max()).deadline(), never);
  EXPECT_EQ(Context().with_deadline(system_clock::time_point::max()).deadline(), never);
  EXPECT_EQ(Context().with_deadline(OtherClock::time_point::max()).deadline(), never);
  using WideTime = std::chrono::time_point<system_clock, std::chrono::hours>;
  EXPECT_EQ(Context().with_deadline(WideTime::max()).deadline(), never);

  EXPECT_TRUE(Context().with_deadline(steady_clock::time_point::min()).expired());
  EXPECT_TRUE(Context().with_deadline(system_clock::time_point::min()).expired());
  EXPECT_TRUE(Context().with_deadline(OtherClock::time_point::min()).expired());
  EXPECT_TRUE(Context().with_deadline(WideTime::min()).expired());
}

TEST_F(ContextTest, SaturatesAtAnyClockReading) {
  for (const nanoseconds wall : {nanoseconds::min(), -1ns, 0ns, 1ns, nanoseconds::max()}) {
    for (const nanoseconds steady : {nanoseconds::min(), -1ns, 0ns, 1ns, nanoseconds::max()}) {
      using internal::VirtualTime;
      VirtualTime time(VirtualTime::Mode::free, 1, internal::SteadyTime(steady));
      internal::VirtualPlatform platform(time, {.wall = internal::WallTime(wall)});
      const internal::PlatformScope scope(platform);
      for (const nanoseconds at : {nanoseconds::min(), nanoseconds::min() + 1ns, -1ns, 0ns, 1ns,
                                   nanoseconds::max() - 1ns, nanoseconds::max()}) {
        // UBSan is the judge of the rest.
        const Context context = Context().with_deadline(system_clock::time_point(at));
        if (at == nanoseconds::max()) {
          EXPECT_EQ(context.deadline(), internal::SteadyTime::max());
        }
        if (at == nanoseconds::min()) {
          EXPECT_EQ(context.deadline(), internal::SteadyTime::min());
        }
        (void)Context().with_timeout(at);
      }
    }
  }
}

TEST_F(ContextTest, DeadlinesAreKeptToTheNanosecond) {
  // A number that loses its last digits when it is divided by 10^9 on the way.
  constexpr nanoseconds kAt(1'234'567'891'234'567'891);
  const steady_clock::time_point at{kAt};
  EXPECT_EQ(Context().with_deadline(at).deadline(), at);
  EXPECT_EQ(internal::saturated(kAt), kAt);
  for (std::int64_t ms = 1; ms < 10'000; ++ms) {
    ASSERT_EQ(internal::saturated(std::chrono::milliseconds(ms)), std::chrono::milliseconds(ms));
  }
}

TEST_F(ContextTest, HasTheLatestValueOfEachKey) {
  const Context context =
      Context().with_value("owner", "a").with_value("request", "7").with_value("owner", "b");
  EXPECT_EQ(context.value("owner"), "b");
  EXPECT_EQ(context.value("request"), "7");
  EXPECT_FALSE(context.value("own"));
  EXPECT_FALSE(context.value(""));
}

TEST_F(ContextTest, KeysAndValuesMayBeEmpty) {
  EXPECT_EQ(Context().with_value("owner", "").value("owner"), "");
  EXPECT_EQ(Context().with_value("", "nameless").value(""), "nameless");
}

TEST_F(ContextTest, IsImmutable) {
  std::stop_source source;
  const Context plain = Context().with_value("owner", "a");
  (void)plain.with_value("owner", "b");
  (void)plain.with_timeout(0s);
  (void)plain.with_stop_token(source.get_token());
  (void)plain.without_waiting();
  source.request_stop();
  EXPECT_EQ(plain.value("owner"), "a");
  EXPECT_FALSE(plain.deadline());
  EXPECT_FALSE(plain.canceled());
  EXPECT_TRUE(plain.may_wait());
}

TEST_F(ContextTest, AnyOfItsStopTokensCancelsIt) {
  for (const int which : {0, 1}) {
    std::stop_source sources[2];
    const Context context =
        Context().with_stop_token(sources[0].get_token()).with_stop_token(sources[1].get_token());
    EXPECT_EQ(context.stop_tokens().size(), 2U);
    EXPECT_FALSE(context.canceled());
    sources[which].request_stop();
    EXPECT_TRUE(context.canceled());
  }
}

TEST_F(ContextTest, AStoppedTokenCancelsItAtOnce) {
  std::stop_source source;
  source.request_stop();
  EXPECT_TRUE(Context().with_stop_token(source.get_token()).canceled());
}

TEST_F(ContextTest, TokensThatCanNeverStopAreIgnored) {
  EXPECT_TRUE(Context().with_stop_token(std::stop_token()).stop_tokens().empty());
}

TEST_F(ContextTest, SettingOnePartKeepsTheOthers) {
  std::stop_source source;
  const Context context = Context()
                              .without_waiting()
                              .with_stop_token(source.get_token())
                              .with_value("owner", "a")
                              .with_timeout(3s);
  EXPECT_FALSE(context.may_wait());
  EXPECT_EQ(context.stop_tokens().size(), 1U);
  EXPECT_EQ(context.value("owner"), "a");
  EXPECT_EQ(context.deadline(), time_.steady_now() + 3s);
  EXPECT_EQ(context.without_waiting().deadline(), context.deadline());
}

}  // namespace
}  // namespace zklock
