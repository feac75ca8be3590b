#include <gtest/gtest.h>
#include <zklock/lock_entries.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace zklock {
namespace {

std::string path_of(int number) {
  return "/locks/_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-000000000" + std::to_string(number);
}

LockEntries three() {
  return LockEntries({{.id = 1, .path = path_of(1), .owner = "a"},
                      {.id = 2, .path = path_of(2)},
                      {.id = 5, .path = path_of(5)}});
}

TEST(LockEntriesTest, IdsAreInTheOrderOfGranting) {
  EXPECT_EQ(three().ids(), (std::vector<std::int64_t>{1, 2, 5}));
}

TEST(LockEntriesTest, FirstIsTheHolder) { EXPECT_EQ(three().first(), 1); }

TEST(LockEntriesTest, LockPathIsTheWholePath) {
  EXPECT_EQ(three().lock_path(1), path_of(1));
  EXPECT_EQ(three().lock_path(5), path_of(5));
  EXPECT_EQ(three().lock_path(3), std::nullopt);
}

TEST(LockEntriesTest, LockAheadIsTheOneJustAhead) {
  EXPECT_EQ(three().lock_ahead(5), path_of(2));
  EXPECT_EQ(three().lock_ahead(2), path_of(1));
}

TEST(LockEntriesTest, NothingIsAheadOfTheHolderOrOfUnknownClaims) {
  EXPECT_EQ(three().lock_ahead(1), std::nullopt);
  EXPECT_EQ(three().lock_ahead(3), std::nullopt);
}

TEST(LockEntriesTest, KeepsTheGivenOrder) {
  const LockEntries wrapped(
      {{.id = 2'147'483'647, .path = "/l/a"}, {.id = -2'147'483'648, .path = "/l/b"}});
  EXPECT_EQ(wrapped.first(), 2'147'483'647);
  EXPECT_EQ(wrapped.lock_ahead(-2'147'483'648), "/l/a");
}

TEST(LockEntriesTest, MayBeEmpty) {
  const LockEntries none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0U);
  EXPECT_TRUE(none.ids().empty());
  EXPECT_EQ(none.first(), std::nullopt);
  EXPECT_EQ(none.lock_path(0), std::nullopt);
  EXPECT_EQ(none.lock_ahead(0), std::nullopt);
  EXPECT_EQ(none.begin(), none.end());
}

TEST(LockEntriesTest, IsARange) {
  std::vector<std::string> owners;
  for (const LockEntry& entry : three()) owners.push_back(entry.owner);
  EXPECT_EQ(owners, (std::vector<std::string>{"a", "", ""}));
  EXPECT_EQ(three().size(), 3U);
  EXPECT_FALSE(three().empty());
}

TEST(SequenceNumberTest, IsAtTheEndOfANameOrPath) {
  EXPECT_EQ(sequence_number("/locks/locks/_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-000000001"), 1);
  EXPECT_EQ(sequence_number("_c_979cb11f40bb3dbc6908edeaac8f2de1-lock-0000000012"), 12);
  EXPECT_EQ(sequence_number("lock--2147483648"), -2'147'483'648);
}

TEST(SequenceNumberTest, ThrowsWithoutANumber) {
  try {
    (void)sequence_number("_c_979cb11f40bb3dbc6908edeaac8f2de1-lo\n");
    FAIL() << "nothing was thrown";
  } catch (const LockError& error) {
    EXPECT_EQ(error.code(), Errc::invalid_seq_node);
    EXPECT_STREQ(error.what(),
                 "znode doesn't appear to be a sequential type: "
                 "\"_c_979cb11f40bb3dbc6908edeaac8f2de1-lo\\x0a\"");
  }
}

TEST(SequenceNumberTest, ErrorCodeOverloadSetsAndClearsTheError) {
  std::error_code error;
  EXPECT_EQ(sequence_number("members", error), 0);
  EXPECT_EQ(error, Errc::invalid_seq_node);
  EXPECT_EQ(sequence_number("a-7", error), 7);
  EXPECT_FALSE(error);
}

}  // namespace
}  // namespace zklock
