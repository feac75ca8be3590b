#include "stored_writes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zklock::chaos {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Kind = Violation::Kind;

constexpr const char* kLock = "/chaos/1";

Event report(Event::Kind kind, const std::string& name) {
  return {.at = 1, .who = "p1.1", .kind = kind, .path = kLock, .token = 7, .detail = name};
}

TEST(GuardedWritesTest, WritesInTheOrderOfTheirGrantsAreRight) {
  EXPECT_THAT(check_guarded_writes(
                  kLock, {{"c", 30, 20}, {"a", 11, 10}, {"b", 12, 10}},
                  {report(Event::Kind::committed, "a"), report(Event::Kind::in_doubt, "b"),
                   report(Event::Kind::in_doubt, "d"), report(Event::Kind::not_committed, "e")}),
              IsEmpty());
}

TEST(GuardedWritesTest, AWriteOfAnOlderGrantAfterOneOfANewerIsFound) {
  const auto found = check_guarded_writes(kLock, {{"a", 11, 10}, {"c", 31, 10}, {"b", 30, 20}}, {});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::late_write);
  EXPECT_THAT(found[0].what, HasSubstr("c with token 10 was stored after b with token 20"));
}

TEST(GuardedWritesTest, AWriteThatIsNotStoredThoughItWasReportedAsDoneIsFound) {
  const auto found = check_guarded_writes(kLock, {}, {report(Event::Kind::committed, "a")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::false_report);
}

TEST(GuardedWritesTest, AWriteThatIsStoredThoughItWasReportedAsNotDoneIsFound) {
  const auto found =
      check_guarded_writes(kLock, {{"a", 11, 10}}, {report(Event::Kind::not_committed, "a")});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, Kind::false_report);
}

TEST(GuardedWritesTest, ReportsAboutOtherLocksDoNotCount) {
  Event other = report(Event::Kind::committed, "a");
  other.path = "/chaos/2";
  EXPECT_THAT(check_guarded_writes(kLock, {}, {other}), IsEmpty());
}

}  // namespace
}  // namespace zklock::chaos
