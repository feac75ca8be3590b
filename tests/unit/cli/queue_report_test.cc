#include "cli/queue_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

class QueueReportTest : public ::testing::Test {
 protected:
  const Now now_{1'764'403'200s};  // 2025-11-29T08:00:00Z
  const LockEntry holder_{.id = 1,
                          .path = "/locks/c-0000000001",
                          .owner = "nightly",
                          .host = "db7",
                          .pid = 42,
                          .since = now_ - 20s,
                          .fencing_token = 17,
                          .ttl = 30s,
                          .session = 0x1000abcd,
                          .trace = "4bf92f35"};
  const LockEntry foreign_{
      .id = 2, .path = "/locks/lock-0000000002", .fencing_token = 18, .session = 0x2};
  const Queue queue_{"/locks", LockEntries({holder_, foreign_})};
};

TEST_F(QueueReportTest, SaysWhoHoldsTheLockAndHowMuchOfTheTtlIsLeft) {
  EXPECT_THAT(describe(holder_, now_), HasSubstr("nightly on db7 (pid 42) since "));
  EXPECT_THAT(describe(holder_, now_), HasSubstr(", 10s of 30s left"));
  EXPECT_THAT(describe(holder_, now_ + 1h), HasSubstr(", 0s of 30s left"));
  EXPECT_EQ(describe(foreign_, now_), "somebody");
}

TEST_F(QueueReportTest, SaysHowManyWait) {
  EXPECT_THAT(describe_holder(queue_.entries, now_), HasSubstr("left; 1 waiting"));
  EXPECT_EQ(describe_holder(LockEntries({foreign_}), now_), "somebody");
}

TEST_F(QueueReportTest, ShowsLongTimesInTwoUnits) {
  LockEntry holder = holder_;
  holder.ttl = 25h;
  EXPECT_THAT(describe(holder, now_), HasSubstr("1d of 1d1h left"));
}

TEST_F(QueueReportTest, TheTableHasALineForEachClaimInOrder) {
  const std::string table = to_table(queue_, now_);
  EXPECT_THAT(table, HasSubstr("/locks: held, 1 waiting\n"));
  EXPECT_LT(table.find("nightly"), table.find("lock-0000000002"));
  EXPECT_THAT(table, HasSubstr("0x1000abcd"));
  EXPECT_EQ(to_table({"/locks", {}}, now_), "/locks: free\n");
}

TEST_F(QueueReportTest, JsonHasAnObjectForEachClaim) {
  const Json array = Json::parse(to_json({queue_}, now_));
  ASSERT_EQ(array.size(), 2U);
  const Json expected = {{"path", "/locks"},    {"znode", "/locks/c-0000000001"},
                         {"position", 0},       {"holds", true},
                         {"owner", "nightly"},  {"host", "db7"},
                         {"pid", 42},           {"since", "2025-11-29T07:59:40Z"},
                         {"ttl_ms", 30'000},    {"ttl_left_ms", 10'000},
                         {"fencing_token", 17}, {"session", "0x1000abcd"},
                         {"trace", "4bf92f35"}};
  EXPECT_EQ(array[0], expected);
  EXPECT_EQ(array[1]["since"], nullptr);
  EXPECT_EQ(array[1]["ttl_ms"], nullptr);
  EXPECT_EQ(array[1]["holds"], false);
  EXPECT_EQ(to_json({}, now_), "[]");
}

TEST_F(QueueReportTest, WhatOthersHaveWrittenCannotControlTheTerminal) {
  LockEntry evil = holder_;
  evil.owner = "\x1b[2J\n\xc2\x9b";
  evil.host = "\xff";
  const Queue queue{"/locks", LockEntries({evil})};
  EXPECT_THAT(to_table(queue, now_), Not(HasSubstr("\x1b")));
  EXPECT_THAT(to_table(queue, now_), Not(HasSubstr("\x9b")));
  EXPECT_THAT(describe(evil, now_), Not(HasSubstr("\n")));
  EXPECT_FALSE(Json::parse(to_json({queue}, now_)).empty());
}

}  // namespace
}  // namespace zklock::cli
