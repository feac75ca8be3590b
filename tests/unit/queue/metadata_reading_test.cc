// What is made of the data of claims, others' and damaged ones included.
#include <gtest/gtest.h>

#include <chrono>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "queue/metadata.h"
#include "sample_metadata.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

/// `{"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":"...","owner_id":"a"}`.
std::string json_with_deadline(const std::string& deadline) {
  return R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":")" + deadline +
         R"(","owner_id":"a"})";
}

/// The TTL that a claim with this data has; none also if it cannot be read.
std::optional<nanoseconds> ttl_of(std::string_view data) {
  const auto metadata = parse_metadata(data);
  return metadata ? metadata->ttl() : std::nullopt;
}

TEST(MetadataReadingTest, ReadsWhatKafkaKitWrites) {
  const auto metadata =
      parse_metadata(R"({"timestamp":"2026-11-23T08:43:32.62775209Z",)"
                     R"("ttl_deadline":"2026-11-23T08:43:32.92775216Z","owner_id":"A"})");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->timestamp, kTime);
  EXPECT_EQ(metadata->ttl(), 300'000'070ns);
  EXPECT_EQ(metadata->owner, "A");
  EXPECT_EQ(metadata->host, "");
  EXPECT_EQ(metadata->pid, 0);
  EXPECT_FALSE(metadata->waiting);
}

TEST(MetadataReadingTest, KafkaKitWithoutTtlsHasNoTtl) {
  EXPECT_EQ(ttl_of(R"({"timestamp":"2026-11-23T08:43:32.62775209Z",)"
                   R"("ttl_deadline":"2026-11-23T08:43:32.627752161Z","owner_id":"A"})"),
            std::nullopt);
}

TEST(MetadataReadingTest, KafkaKitsNilOwnerIsEmpty) {
  for (const std::string owner : {"\\u003cnil\\u003e", "<nil>"}) {
    const auto metadata = parse_metadata(
        R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":"2026-11-23T08:43:33Z","owner_id":")" +
        owner + "\"}");
    ASSERT_TRUE(metadata) << owner;
    EXPECT_EQ(metadata->owner, "");
    EXPECT_EQ(metadata->ttl(), 1s);
  }
}

// The table of what kafka-kit does with the data ahead of it. Where it waits, we read the deadline
// that it waits for; everything else leaves the claim without a TTL of its own.

TEST(MetadataReadingTest, ReadsEveryDeadlineThatKafkaKitWaitsFor) {
  for (const std::string deadline : {
           "2026-11-23T08:44:02Z",
           "2026-11-23T08:44:02.000Z",
           "2026-11-23T08:44:02.000000000Z",
           "2026-11-23T08:44:02.000000000999Z",
           "2026-11-23T08:44:02,000Z",
           "2026-11-23T08:44:02+00:00",
           "2026-11-23T08:44:02-00:00",
           "2026-11-23T10:44:02+02:00",
           "2026-11-23T03:14:02-05:30",
           "2026-11-24T08:43:02+23:59",
       }) {
    EXPECT_EQ(ttl_of(json_with_deadline(deadline)), 30s) << deadline;
  }
}

TEST(MetadataReadingTest, ReadsUnusualButValidData) {
  const std::string times =
      R"("timestamp":"2026-11-23T08:43:32Z","ttl_deadline":"2026-11-23T08:44:02Z")";
  for (const std::string& data : {
           "{" + times + "}",
           "{" + times + R"(,"owner_id":null})",
           "{" + times + R"(,"extra":1,"more":{"ttl_deadline":"x","deep":[{"a":[]}]}})",
           R"({"more":[{"timestamp":1},"x"],)" + times + "}",
           "{" + times + R"(,"owner_id":"a"})" + "\n",
           " \t\r\n{" + times + "} ",
           std::string(
               R"({"Timestamp":"2026-11-23T08:43:32Z","TTL_DEADLINE":"2026-11-23T08:44:02Z"})"),
           "{" + times + ",\"owner_id\":\"a\xff\"}",
           "{" + times + R"(,"owner_id":17,"zklock":"ours?"})",
           R"({"timestamp":"x","ttl_deadline":5,)" + times + "}",
       }) {
    EXPECT_EQ(ttl_of(data), 30s) << data;
  }
}

TEST(MetadataReadingTest, OtherDeadlinesAreNoTtl) {
  for (const std::string deadline : {
           "9999-12-31T23:59:59Z",
           "9999-12-31T23:59:59.999999999Z",
           "9999-12-31T23:59:59-23:59",
           "2262-04-12T00:00:00Z",
           "0001-01-01T00:00:00Z",
           "0000-01-01T00:00:00Z",
           "0000-01-01T00:00:00+23:59",
           "1677-09-21T00:12:43Z",
           "2026-11-23T08:43:31Z",
           "2026-11-23T08:43:32Z",
           "2026-11-23T08:43:32.000999999Z",
           "2026-11-23T08:44:02+0000",
           "2026-11-23T08:44:02+00",
           "2026-11-23T08:44:02+00:0",
           "2026-11-23T08:44:02-24:00",
           "2026-11-23T08:44:02-00:60",
           "2026-11-23T08:44:02*00:00",
           "2026-11-23T08:44:02",
           "2026-11-23T08:44:02.Z",
           "2026-11-23T08:44:02.5",
           "2026-11-23 08:44:02Z",
           "2026-11-23T08:44:60Z",
           "2026-12-31T23:59:60Z",
           "2026-11-23T08:60:02Z",
           "2026-11-23T24:00:00Z",
           "2026-11-23T8:44:02Z",
           "2026-11-31T08:44:02Z",
           "2027-02-29T08:44:02Z",
           "2026-13-01T08:44:02Z",
           "2026-00-01T08:44:02Z",
           "2026-12-00T08:44:02Z",
           "10000-01-01T00:00:00Z",
           "+2026-11-23T08:44:02Z",
           "2026-11-23T08:44:02ZZ",
           "2026-11-23T08:44:02Z ",
           " 2026-11-23T08:44:02Z",
           "-026-11-23T08:44:02Z",
           "2026-+1-23T08:44:02Z",
           "1795416242",
           "",
           "\xff",
       }) {
    const auto metadata = parse_metadata(json_with_deadline(deadline));
    ASSERT_TRUE(metadata) << deadline;
    EXPECT_FALSE(metadata->ttl_deadline) << deadline;
    EXPECT_EQ(metadata->owner, "a") << deadline;
    EXPECT_EQ(metadata->timestamp,
              std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 8h + 43min + 32s);
  }
}

TEST(MetadataReadingTest, LowerCaseLettersAreRfc3339Too) {
  EXPECT_EQ(ttl_of(json_with_deadline("2026-11-23t08:44:02z")), 30s);
}

TEST(MetadataReadingTest, ObjectsWithoutBothTimesHaveNoTtl) {
  for (const std::string data : {
           "{}",
           R"({"owner_id":"a"})",
           R"({"timestamp":"2026-11-23T08:43:32Z"})",
           R"({"ttl_deadline":"2026-11-23T08:44:02Z"})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":null})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":1795416242})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":1795416242.5})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":-5})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":true})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":["2026-11-23T08:44:02Z"]})",
           R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":{"a":"2026-11-23T08:44:02Z"}})",
           R"({"timestamp":null,"ttl_deadline":"2026-11-23T08:44:02Z"})",
           R"({"timestamp":"yesterday","ttl_deadline":"2026-11-23T08:44:02Z"})",
           R"({"timestamp":"0001-01-01T00:00:00Z","ttl_deadline":"2026-11-23T08:44:02Z"})",
           R"({"timestamp":"1700-01-01T00:00:00Z","ttl_deadline":"2026-11-23T08:44:02Z"})",
       }) {
    const auto metadata = parse_metadata(data);
    ASSERT_TRUE(metadata) << data;
    EXPECT_FALSE(metadata->ttl()) << data;
    EXPECT_FALSE(metadata->ttl_deadline) << data;
  }
}

TEST(MetadataReadingTest, TheLastOfTwoEqualKeysCounts) {
  const std::string good = R"("2026-11-23T08:44:02Z")";
  const std::string past = R"("2026-11-23T08:00:00Z")";
  const auto twice = [](const std::string& first, const std::string& second) {
    return R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":)" + first +
           R"(,"TTL_deadline":)" + second + "}";
  };
  EXPECT_EQ(ttl_of(twice(past, good)), 30s);
  EXPECT_EQ(ttl_of(twice(good, past)), std::nullopt);
  EXPECT_EQ(ttl_of(twice(good, "null")), std::nullopt);
  EXPECT_EQ(ttl_of(twice(good, "{}")), std::nullopt);
}

TEST(MetadataReadingTest, RefusesOtherThanJsonObjects) {
  const std::string good = to_json(with_ttl());
  for (const std::string& data : {
           std::string(),
           std::string(" "),
           std::string("10.0.0.7"),
           std::string("host7"),
           std::string("\x12\x34"),
           std::string("null"),
           std::string("true"),
           std::string("17"),
           std::string("-17"),
           std::string("1.5"),
           std::string("1e999"),
           std::string("\"text\""),
           std::string("[]"),
           "[" + good + "]",
           good + good,
           good + "x",
           good + '\0',
           good + '\0' + good,
           good.substr(0, good.size() - 1),
           good.substr(0, 40),
           std::string("{'timestamp':1}"),
           std::string("{\"a\":1,}"),
           std::string("{\"a\":\"\x01\"}"),
           std::string("// a comment\n{}"),
           std::string("\xff\xfe{}"),
           std::string(100, '\xff'),
       }) {
    EXPECT_FALSE(parse_metadata(data)) << data;
  }
}

TEST(MetadataReadingTest, RefusesLargeData) {
  const auto padded = [](std::size_t bytes) {
    std::string data = to_json(with_ttl());
    data.insert(1, bytes - data.size(), ' ');
    return data;
  };
  EXPECT_TRUE(parse_metadata(padded(64 * 1024)));
  EXPECT_FALSE(parse_metadata(padded(64 * 1024 + 1)));
  EXPECT_FALSE(parse_metadata(std::string(1 << 20, '{')));
}

TEST(MetadataReadingTest, RefusesDeepNesting) {
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  EXPECT_TRUE(parse_metadata(nested(60)));
  EXPECT_FALSE(parse_metadata(nested(100)));
  EXPECT_FALSE(parse_metadata(nested(30'000)));
}

TEST(MetadataReadingTest, ManyKeysTakeLinearTime) {
  std::string data = "{";
  for (int i = 0; data.size() < 64'000; ++i) data += "\"" + std::to_string(i) + "\":0,";
  data.back() = '}';
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(parse_metadata(data));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 500ms);  // sanitizers and all
}

TEST(MetadataReadingTest, OnlyOurOwnObjectMarksAWaiter) {
  const std::string times =
      R"({"timestamp":"2026-11-23T08:43:32Z","ttl_deadline":"2026-11-23T08:44:02Z",)";
  for (const std::string rest : {
           R"("waiting":true})",
           R"("other":{"waiting":true}})",
           R"("other":{"zklock":{"waiting":true}}})",
           R"("zklock":[{"waiting":true}]})",
           R"("zklock":[true],"waiting":true})",
           R"("zklock":{"a":{"waiting":true}}})",
           R"("zklock":{"a":[],"b":{"zklock":{"waiting":true}}}})",
           R"("zklock":{"waiting":"true"}})",
           R"("zklock":{"waiting":1}})",
           R"("zklock":{"waiting":[true]}})",
           R"("zklock":{"waiting":{"waiting":true}}})",
           R"("zklock":{"waiting":null}})",
           R"("zklock":{"waiting":false}})",
           R"("zklock":{"waiting":true,"waiting":false}})",
           R"("zklock":{"waiting":true},"zklock":{}})",
           R"("zklock":{"waiting":true},"zklock":null})",
           R"("zklock":true})",
           R"("zklock":null})",
       }) {
    const auto metadata = parse_metadata(times + rest);
    ASSERT_TRUE(metadata) << rest;
    EXPECT_FALSE(metadata->waiting) << rest;
    EXPECT_EQ(metadata->ttl(), 30s) << rest;
  }
  for (const std::string rest : {
           R"("zklock":{"waiting":true}})",
           R"("zklock":{"extra":{"pid":[1,{}]},"waiting":true}})",
           R"("ZKLock":{"Waiting":true}})",
           R"("zklock":{"waiting":false,"waiting":true}})",
       }) {
    const auto metadata = parse_metadata(times + rest);
    ASSERT_TRUE(metadata) << rest;
    EXPECT_TRUE(metadata->waiting) << rest;
    EXPECT_FALSE(metadata->ttl()) << rest;
  }
}

TEST(MetadataReadingTest, IgnoresWrongTypesAndSizesInOurObject) {
  const auto ours = [](const std::string& fields) {
    return parse_metadata(R"({"zklock":{"waiting":true,)" + fields + "}}");
  };
  EXPECT_EQ(ours(R"("ttl_ms":1500)")->ttl_once_granted, 1500ms);
  EXPECT_EQ(ours(R"("ttl_ms":9223372036854)")->ttl_once_granted, milliseconds(9'223'372'036'854));
  for (const std::string value :
       {"0", "-1500", "9223372036855", "18446744073709551615", "1e3", "1500.0",
        "99999999999999999999", "\"1500\"", "null", "true", "[1500]", "{\"ttl_ms\":1500}"}) {
    const auto metadata = ours("\"ttl_ms\":" + value);
    ASSERT_TRUE(metadata) << value;
    EXPECT_FALSE(metadata->ttl_once_granted) << value;
  }
  EXPECT_EQ(ours(R"("pid":9223372036854775807)")->pid, std::numeric_limits<std::int64_t>::max());
  for (const std::string value : {"-1", "9223372036854775808", "1.5", "\"7\"", "null", "[7]"}) {
    const auto metadata = ours("\"pid\":" + value);
    ASSERT_TRUE(metadata) << value;
    EXPECT_EQ(metadata->pid, 0) << value;
  }
  EXPECT_EQ(ours(R"("host":"db7")")->host, "db7");
  EXPECT_EQ(ours(R"("host":7)")->host, "");
  EXPECT_EQ(ours(R"("host":"db7","host":["db8"])")->host, "");
}

TEST(MetadataReadingTest, TheTtlOfAGrantIsNotTakenFromOurObject) {
  const auto metadata = parse_metadata(R"({"zklock":{"ttl_ms":1500}})");
  ASSERT_TRUE(metadata);
  EXPECT_FALSE(metadata->ttl_once_granted);
  EXPECT_FALSE(metadata->ttl());
}

TEST(MetadataReadingTest, CutsLongForeignOwners) {
  const auto metadata = parse_metadata(R"({"owner_id":")" + std::string(50'000, 'a') + R"("})");
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->owner, std::string(1024, 'a'));
}

TEST(MetadataReadingTest, DamagedDataIsAtMostMalformed) {
  // Nothing here may throw, overflow or read out of bounds (the sanitizers are the judge), and a
  // prefix is never metadata.
  Metadata waiter = with_ttl();
  waiter.waiting = true;
  waiter.ttl_once_granted = 1500ms;
  const std::string good = to_json(waiter);
  for (std::size_t length = 0; length < good.size(); ++length) {
    EXPECT_FALSE(parse_metadata(good.substr(0, length))) << length;
  }
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      std::string data = good;
      data[at] = static_cast<char>(value);
      const auto metadata = parse_metadata(data);
      if (metadata && metadata->ttl_deadline) {
        EXPECT_GE(*metadata->ttl_deadline - metadata->timestamp, 1ms) << data;
      }
    }
  }
}

}  // namespace
}  // namespace zklock::internal
