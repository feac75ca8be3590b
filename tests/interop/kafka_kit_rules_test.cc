// The oracle itself: that it knows what was seen of kafka-kit; and that we read what that writes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "interop/foreign_samples.h"
#include "interop/kafka_kit.h"
#include "queue/metadata.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using internal::Metadata;
using internal::parse_metadata;
using ::testing::ElementsAre;
using ::testing::Pair;

TEST(KafkaKitRules, MatchKafkaKitOnEverySample) {
  for (const ForeignSample& sample : foreign_samples()) {
    EXPECT_EQ(judge(sample.data, kSampleTime + 1s), sample.kafka_kit) << sample.name;
  }
}

TEST(KafkaKitRules, PurgeOnceTheDeadlineIsOver) {
  const std::string data = kafka_kit_data(kSampleTime, kSampleTime + 1s);
  EXPECT_EQ(judge(data, kSampleTime), Verdict::waits);
  EXPECT_EQ(judge(data, kSampleTime + 1s), Verdict::waits);
  EXPECT_EQ(judge(data, kSampleTime + 1s + 1ns), Verdict::purges);
}

TEST(KafkaKitRules, TakeEveryNameThatEndsInANumberForAClaim) {
  EXPECT_THAT(kafka_kit_queue({"_c_00112233445566778899aabbccddeeff-lock-0000000012",
                               "x-0000000003", "members", "lock-", "shard-1", "a-1b", "-", "",
                               "0000000007", "hex__lock__0000000002", "a-99999999999999999999"}),
              ElementsAre(Pair(1, "shard-1"), Pair(3, "x-0000000003"), Pair(7, "0000000007"),
                          Pair(12, "_c_00112233445566778899aabbccddeeff-lock-0000000012")));
}

TEST(KafkaKitRules, IgnoreTheMinusAndKeepOneOfTwoEqualNumbers) {
  EXPECT_THAT(
      kafka_kit_queue({"lock--2147483648", "a-lock-2147483647", "b-lock-2147483647"}),
      ElementsAre(Pair(2147483647, "b-lock-2147483647"), Pair(2147483648, "lock--2147483648")));
}

// What it writes, to the letter as it was seen on the wire.

TEST(KafkaKitRules, WriteTheBytesOfKafkaKit) {
  EXPECT_EQ(kafka_kit_data(kSampleTime + 627752090ns, kSampleTime + 927752160ns, "A"),
            R"({"timestamp":"2026-11-23T08:43:32.62775209Z",)"
            R"("ttl_deadline":"2026-11-23T08:43:32.92775216Z","owner_id":"A"})");
  EXPECT_EQ(kafka_kit_data(kSampleTime, kSampleTime + 10ms, "<nil>", -330min),
            R"({"timestamp":"2026-11-23T03:13:32-05:30",)"
            R"("ttl_deadline":"2026-11-23T03:13:32.01-05:30","owner_id":"\u003cnil\u003e"})");
}

class KafkaKitDataTest : public ::testing::TestWithParam<std::chrono::minutes> {};

INSTANTIATE_TEST_SUITE_P(Offsets, KafkaKitDataTest,
                         ::testing::Values(0min, 60min, 345min, -210min, -660min));

TEST_P(KafkaKitDataTest, IsReadByUs) {
  const Metadata metadata =
      parse_metadata(
          kafka_kit_data(kSampleTime + 120ns, kSampleTime + 15s + 191ns, "req 7 <a&b>", GetParam()))
          .value_or(Metadata{});
  EXPECT_EQ(metadata.timestamp, kSampleTime + 120ns);
  EXPECT_EQ(metadata.ttl(), 15s + 71ns);
  EXPECT_EQ(metadata.owner, "req 7 <a&b>");
  EXPECT_FALSE(metadata.waiting);
}

TEST_P(KafkaKitDataTest, WithoutATtlAndAnOwnerIsReadAsSuch) {
  const auto metadata =
      parse_metadata(kafka_kit_data(kSampleTime, kSampleTime + 71ns, "<nil>", GetParam()));
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->ttl(), std::nullopt);
  EXPECT_EQ(metadata->owner, "");
}

}  // namespace
}  // namespace zklock::test
