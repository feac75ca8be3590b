#include "queue/metadata.h"

#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <locale>
#include <string>

#include "sample_metadata.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// Writing.

TEST(MetadataTest, WritesTheBytesOfTheDesign) {
  EXPECT_EQ(to_json(with_ttl()), R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
                                 R"("ttl_deadline":"2026-11-23T08:44:02.627752090Z",)"
                                 R"("owner_id":"user1","zklock":{"host":"db7","pid":4242}})");
}

TEST(MetadataTest, WithoutATtlTheDeadlineIsTheEndOfYear9999) {
  Metadata metadata = with_ttl();
  metadata.ttl_deadline.reset();
  EXPECT_EQ(to_json(metadata), R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
                               R"("ttl_deadline":"9999-12-31T23:59:59Z",)"
                               R"("owner_id":"user1","zklock":{"host":"db7","pid":4242}})");
}

TEST(MetadataTest, MarksAWaiter) {
  Metadata metadata = with_ttl();
  metadata.waiting = true;
  metadata.ttl_once_granted = 1500ms;
  EXPECT_EQ(to_json(metadata),
            R"({"timestamp":"2026-11-23T08:43:32.627752090Z",)"
            R"("ttl_deadline":"2026-11-23T08:44:02.627752090Z",)"
            R"("owner_id":"user1",)"
            R"("zklock":{"host":"db7","pid":4242,"waiting":true,"ttl_ms":1500}})");
  metadata.ttl_once_granted.reset();
  EXPECT_NE(to_json(metadata).find(R"("pid":4242,"waiting":true}})"), std::string::npos);
}

TEST(MetadataTest, WritesATraceBesideTheHostAndReadsItAgain) {
  Metadata metadata = with_ttl();
  metadata.trace = "4bf9\"2f35";
  EXPECT_NE(to_json(metadata).find(R"("zklock":{"host":"db7","pid":4242,"trace":"4bf9\"2f35"}})"),
            std::string::npos)
      << to_json(metadata);
  EXPECT_EQ(parse_metadata(to_json(metadata)), metadata);
}

TEST(MetadataTest, CorrectsAndCutsATrace) {
  Metadata metadata = with_ttl();
  metadata.trace = "\xff" + std::string(2'000, 'x');
  const auto read = parse_metadata(to_json(metadata));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->trace.substr(0, 4), "\xef\xbf\xbdx");
  EXPECT_EQ(read->trace.size(), 1'024U);
}

TEST(MetadataTest, DoesNotMarkAHolder) {
  Metadata metadata = with_ttl();
  metadata.ttl_once_granted = 1500ms;
  EXPECT_EQ(to_json(metadata).find("waiting"), std::string::npos);
  EXPECT_EQ(to_json(metadata).find("ttl_ms"), std::string::npos);
}

TEST(MetadataTest, AlwaysWritesNineFractionDigits) {
  Metadata metadata = with_ttl();
  metadata.timestamp = std::chrono::sys_days{std::chrono::year{2026} / 1 / 2} + 3h + 4min + 5s;
  EXPECT_NE(to_json(metadata).find(R"("timestamp":"2026-01-02T03:04:05.000000000Z")"),
            std::string::npos);
}

TEST(MetadataTest, TheOwnerIsAlwaysAString) {
  Metadata metadata = with_ttl();
  metadata.owner = "";
  EXPECT_NE(to_json(metadata).find(R"("owner_id":"",)"), std::string::npos);
}

TEST(MetadataTest, EscapesTheOwner) {
  Metadata metadata = with_ttl();
  metadata.owner = std::string("a\"b\\c\n\0", 7) + "\u00e4";
  EXPECT_NE(to_json(metadata).find("\"owner_id\":\"a\\\"b\\\\c\\n\\u0000\u00e4\","),
            std::string::npos)
      << to_json(metadata);
  EXPECT_EQ(parse_metadata(to_json(metadata))->owner, metadata.owner);
}

TEST(MetadataTest, RepairsOwnersAndHostsThatAreNotUtf8) {
  Metadata metadata = with_ttl();
  metadata.owner =
      "a\xff"
      "b";
  metadata.host = "\xc3";
  EXPECT_NE(to_json(metadata).find("\"owner_id\":\"a\ufffdb\",\"zklock\":{\"host\":\"\ufffd\","),
            std::string::npos);
}

TEST(MetadataTest, CutsLongOwnersBetweenCharacters) {
  Metadata metadata = with_ttl();
  metadata.owner = "a";
  for (int i = 0; i < 1000; ++i) metadata.owner += "\u00e4";
  const std::string written = metadata.owner.substr(0, 1023);
  EXPECT_NE(to_json(metadata).find("\"owner_id\":\"" + written + "\","), std::string::npos);
}

TEST(MetadataTest, WritesExtremeTimesWithoutOverflow) {
  EXPECT_EQ(to_rfc3339(WallTime::max()), "2262-04-11T23:47:16.854775807Z");
  EXPECT_EQ(to_rfc3339(WallTime::min()), "1678-01-01T00:00:00.000000000Z");
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00.000000000Z");
  EXPECT_EQ(to_rfc3339(WallTime(-1ns)), "1969-12-31T23:59:59.999999999Z");
}

TEST(MetadataTest, TheGlobalLocaleDoesNotMatter) {
  struct Grouping : std::numpunct<char> {
    char do_thousands_sep() const override { return '\''; }
    std::string do_grouping() const override { return "\1"; }
    char do_decimal_point() const override { return ','; }
  };
  const std::string expected = to_json(with_ttl());
  const std::locale before = std::locale::global(std::locale(std::locale(), new Grouping));
  const std::string actual = to_json(with_ttl());
  const auto read = parse_metadata(expected);
  std::locale::global(before);
  EXPECT_EQ(actual, expected);
  EXPECT_EQ(read, with_ttl());
}

TEST(MetadataTest, ReadsWhatItWrites) {
  Metadata waiter = with_ttl();
  waiter.waiting = true;
  waiter.ttl_once_granted = 1500ms;
  Metadata waiter_without_ttl = with_ttl();
  waiter_without_ttl.waiting = true;
  Metadata plain = with_ttl();
  plain.ttl_deadline.reset();
  plain.owner = "";
  for (const Metadata& metadata : {with_ttl(), waiter, waiter_without_ttl, plain}) {
    EXPECT_EQ(parse_metadata(to_json(metadata)), metadata) << to_json(metadata);
  }
}

// What it means.

TEST(MetadataTest, TtlIsTheDeadlineMinusTheTimestamp) { EXPECT_EQ(with_ttl().ttl(), 30s); }

TEST(MetadataTest, WithoutADeadlineThereIsNoTtl) { EXPECT_FALSE(Metadata{}.ttl()); }

TEST(MetadataTest, TtlOfAWaiterIsThatOfItsGrant) {
  Metadata metadata = with_ttl();
  metadata.waiting = true;
  EXPECT_FALSE(metadata.ttl());
  metadata.ttl_once_granted = 1500ms;
  EXPECT_EQ(metadata.ttl(), 1500ms);
  metadata.ttl_deadline.reset();  // it waits without a deadline
  EXPECT_EQ(metadata.ttl(), 1500ms);
  for (const milliseconds none : {0ms, -1ms, milliseconds::max(), milliseconds::min()}) {
    metadata.ttl_once_granted = none;
    EXPECT_FALSE(metadata.ttl()) << none.count();
  }
}

TEST(MetadataTest, LessThanAMillisecondIsNoTtl) {
  Metadata metadata = with_ttl();
  metadata.ttl_deadline = kTime + 1ms;
  EXPECT_EQ(metadata.ttl(), 1ms);
  metadata.ttl_deadline = kTime + 1ms - 1ns;
  EXPECT_FALSE(metadata.ttl());
}

TEST(MetadataTest, ATtlOfCenturiesIsNone) {
  Metadata metadata;
  metadata.timestamp = WallTime::min();
  metadata.ttl_deadline = WallTime::max();
  EXPECT_FALSE(metadata.ttl());
  metadata.timestamp = WallTime::max();
  metadata.ttl_deadline = WallTime::min();
  EXPECT_FALSE(metadata.ttl());
}

}  // namespace
}  // namespace zklock::internal
