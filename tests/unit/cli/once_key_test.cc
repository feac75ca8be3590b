#include "cli/once_key.h"

#include <gtest/gtest.h>

#include <chrono>
#include <stdexcept>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

// 2026-11-29 17:04:59 UTC
constexpr std::chrono::system_clock::time_point kNow{1'795'971'899s};

TEST(OnceKeyTest, HasTheDateAndTheHourOfUtc) {
  EXPECT_EQ(expand_key("report-{date}", kNow), "report-2026-11-29");
  EXPECT_EQ(expand_key("{hour}{date}.x", kNow), "2026-11-29T172026-11-29.x");
  EXPECT_EQ(expand_key("plain", kNow), "plain");
  EXPECT_EQ(expand_key("", kNow), "");
}

TEST(OnceKeyTest, RefusesAnythingElseInBraces) {
  for (const char* key : {"{", "{date", "{}", "a{Date}", "{date}{"}) {
    EXPECT_THROW(static_cast<void>(expand_key(key, kNow)), std::invalid_argument) << key;
  }
}

}  // namespace
}  // namespace zklock::cli
