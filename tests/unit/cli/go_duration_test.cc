#include "cli/go_duration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(GoDuration, ReadsWhatGoReads) {
  const std::vector<std::pair<std::string, nanoseconds>> cases = {
      // The table of Go's own time_test.go.
      {"0", 0s},
      {"5s", 5s},
      {"30s", 30s},
      {"1478s", 1478s},
      {"-5s", -5s},
      {"+5s", 5s},
      {"-0", 0s},
      {"+0", 0s},
      {"5.0s", 5s},
      {"5.6s", 5600ms},
      {"5.s", 5s},
      {".5s", 500ms},
      {"1.0s", 1s},
      {"1.00s", 1s},
      {"1.004s", 1004ms},
      {"1.0040s", 1004ms},
      {"100.00100s", 100001ms},
      {"10ns", 10ns},
      {"11us", 11us},
      {"12\u00b5s", 12us},
      {"12\u03bcs", 12us},
      {"13ms", 13ms},
      {"14s", 14s},
      {"15m", 15min},
      {"16h", 16h},
      {"3h30m", 3h + 30min},
      {"10.5s4m", 4min + 10500ms},
      {"-2m3.4s", -(2min + 3400ms)},
      {"1h2m3s4ms5us6ns", 1h + 2min + 3s + 4ms + 5us + 6ns},
      {"39h9m14.425s", 39h + 9min + 14425ms},
      {"52763797000ns", 52763797000ns},
      {"9007199254740993ns", 9007199254740993ns},
      {"9223372036854775807ns", nanoseconds::max()},
      {"9223372036854775.807us", nanoseconds::max()},
      {"9223372036s854ms775us807ns", nanoseconds::max()},
      {"-9223372036854775808ns", nanoseconds::min()},
      {"-9223372036854775.808us", nanoseconds::min()},
      {"-9223372036s854ms775us808ns", nanoseconds::min()},
      {"-2562047h47m16.854775808s", nanoseconds::min()},
      {"0.100000000000000000000h", 6min},
      {"0.830103483285477580700h", 49min + 48s + 372539827ns},
      // Ours.
      {"500ms", 500ms},
      {"1m30s", 90s},
      {"0s", 0s},
      {"0.9ns", 0ns},
      {"0.3333333333333333333h", 20min - 1ns},  // Go computes with doubles here, and says 20min
  };
  for (const auto& [text, expected] : cases) {
    SCOPED_TRACE(text);
    EXPECT_EQ(parse_go_duration(text), expected);
  }
}

TEST(GoDuration, RefusesWhatGoRefuses) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "is not a duration"},
      {"3", "lacks a unit"},
      {"-", "is not a duration"},
      {"s", "is not a duration"},
      {".", "is not a duration"},
      {"-.", "is not a duration"},
      {".s", "is not a duration"},
      {"+.s", "is not a duration"},
      {"1d", "unknown unit \"d\""},
      {"3S", "unknown unit \"S\""},
      {"3 s", "unknown unit \" s\""},
      {"3s ", "unknown unit \"s \""},
      {" 3s", "is not a duration"},
      {"3s-2s", "unknown unit \"s-\""},
      {"--3s", "is not a duration"},
      {"1.2.3s", "lacks a unit"},
      {"00", "lacks a unit"},
      {"\x85\x85", "is not a duration"},
      {"\xff\xff", "is not a duration"},
      {"hello \xff world", "is not a duration"},
      {"9223372036854775808ns", "is too long"},
      {"9223372036854775.808us", "is too long"},
      {"9223372036854ms775us808ns", "is too long"},
      {"-9223372036854775809ns", "is too long"},
      {"3000000h", "is too long"},
      {"99999999999999999999999999999999s", "is too long"},
      {"2562047h2562047h", "is too long"},
  };
  for (const auto& [text, problem] : cases) {
    SCOPED_TRACE(text);
    try {
      (void)parse_go_duration(text);
      FAIL() << "accepted";
    } catch (const std::invalid_argument& error) {
      EXPECT_THAT(error.what(), AllOf(HasSubstr("\"" + text + "\""), HasSubstr(problem)));
    }
  }
}

}  // namespace
}  // namespace zklock::cli
