#include "queue/claim_name.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zklock::internal {
namespace {

using Markers = std::vector<std::string>;

constexpr const char* kHex = "979cb11f40bb3dbc6908edeaac8f2de1";

TEST(ClaimNameTest, TheNumberIsAtTheEnd) {
  const struct {
    std::string name;
    std::int64_t sequence;
  } cases[] = {
      {"_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-0000000001", 1},
      {"_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-000000002", 2},  // Go's tests have nine digits
      {"/locks/locks/_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-0000000012", 12},
      {"_c_979cb11f-40bb-3dbc-6908-edeaac8f2de1-lock-0000000003", 3},  // Curator's
      {"x-72057594037927936-0000000004", 4},                           // Java's WriteLock
      {"anything-7", 7},
      {"-7", 7},
      {"a-0", 0},
      {"lock-2147483647", 2'147'483'647},
      {"lock--2147483648", -2'147'483'648},
      {"lock--000000005", -5},
      {"--5", -5},
      {"lock---5", -5},
      {"a-9223372036854775807", std::numeric_limits<std::int64_t>::max()},
      {"a--9223372036854775808", std::numeric_limits<std::int64_t>::min()},
      {"a-000000000000000000000000000000000000000009", 9},
  };
  for (const auto& [name, sequence] : cases) EXPECT_EQ(claim_sequence(name, {}), sequence) << name;
  EXPECT_EQ(claim_sequence(std::string_view("--7").substr(1), {}),
            7);  // the "-" ahead is not in it
}

TEST(ClaimNameTest, OtherNamesAreNotClaims) {
  for (const std::string name : {
           "", "-", "--", "members", "foo-bar", "_c_979cb11f40bb3dbc6908edeaac8f2de1-lo",
           "_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-", "0000000001", "lock0000000001",
           "lock_0000000001", "lock-0000000001x", "lock-0000000001 ", "lock-00000-", "lock-+5",
           "lock-0x5", "lock-1.5",
           "_c_979cb11f40bb3dbc6908edeaac8f2de1-__WRIT__0000000001",  // Curator's read/write lock
           "979cb11f40bb3dbc6908edeaac8f2de1__lock__0000000001",  // kazoo's, if it was not asked
                                                                  // for
           "a-9223372036854775808", "a--9223372036854775809", "a-99999999999999999999999999",
           "a-\xd9\xa1",  // an Arabic digit
       }) {
    EXPECT_EQ(claim_sequence(name, {}), std::nullopt) << name;
  }
}

TEST(ClaimNameTest, FurtherMarkersMakeMoreClaims) {
  const Markers markers{"__rlock__", "__lock__"};
  const std::string hex = kHex;
  EXPECT_EQ(claim_sequence(hex + "__lock__0000000008", markers), 8);
  EXPECT_EQ(claim_sequence(hex + "__rlock__0000000009", markers), 9);
  EXPECT_EQ(claim_sequence(hex + "__lock__-2147483648", markers), -2'147'483'648);
  EXPECT_EQ(claim_sequence(hex + "-lock-0000000010", markers), 10);
  EXPECT_EQ(claim_sequence(hex + "-lock--2147483648", markers), -2'147'483'648);
  EXPECT_EQ(claim_sequence("__lock__5__lock__6", markers), 6);

  EXPECT_EQ(claim_sequence(hex + "__lock__", markers), std::nullopt);
  EXPECT_EQ(claim_sequence(hex + "__lock__x1", markers), std::nullopt);
  EXPECT_EQ(claim_sequence(hex + "__lock__1x", markers), std::nullopt);
  EXPECT_EQ(claim_sequence(hex + "__lock__--1", markers), -1);  // by its "-"
  EXPECT_EQ(claim_sequence(hex + "__LOCK__0000000008", markers), std::nullopt);
  EXPECT_EQ(claim_sequence(hex + "__lock__9223372036854775808", markers), std::nullopt);
}

TEST(ClaimNameTest, MarkersMayEndInDigits) {
  EXPECT_EQ(claim_sequence("a_v10000000005", {"_v1"}), 5);
}

TEST(ClaimNameTest, EmptyMarkersAreIgnored) {
  EXPECT_EQ(claim_sequence("a5", {""}), std::nullopt);
  EXPECT_EQ(claim_sequence("a-5", {""}), 5);
}

TEST(ClaimNameTest, ClaimsAreSortedByNumberThenName) {
  const std::vector<ClaimName> expected{
      {-2'147'483'648, "z--2147483648"}, {2, "b-2"}, {2, "c-0000000002"}, {10, "a-10"}};
  EXPECT_EQ(
      claims_by_sequence({"a-10", "members", "c-0000000002", "z--2147483648", "b-2", "x__9"}, {}),
      expected);
  EXPECT_EQ(claims_by_sequence({"x__9", "a-10"}, {"__"}),
            (std::vector<ClaimName>{{9, "x__9"}, {10, "a-10"}}));
  EXPECT_TRUE(claims_by_sequence({}, {}).empty());
}

TEST(ClaimNameTest, NumbersAreCertainUntilTheCounterWraps) {
  const auto certain = [](const std::vector<std::string>& names) {
    return sequence_order_is_certain(claims_by_sequence(names, {}));
  };
  EXPECT_TRUE(certain({}));
  EXPECT_TRUE(certain({"a-0"}));
  EXPECT_TRUE(certain({"b-2147483646", "a-0000000000"}));
  EXPECT_TRUE(certain({"a-20261123084332", "b-5"}));  // somebody's own number, not the counter's

  EXPECT_FALSE(certain({"a-2147483647"}));
  EXPECT_FALSE(certain({"a-0000000005", "b-2147483647"}));
  EXPECT_FALSE(certain({"a--2147483648"}));
  EXPECT_FALSE(certain({"a--000000001", "b-0000000005"}));
}

TEST(ClaimNameTest, EqualNumbersAreNotCertain) {
  EXPECT_FALSE(sequence_order_is_certain({{1, "a-1"}, {5, "b-5"}, {5, "c-5"}}));
}

}  // namespace
}  // namespace zklock::internal
