#include "lock/queue_ahead.h"

#include <gtest/gtest.h>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

TEST(QueueAheadTest, IsEmptyWithoutAClaimAhead) {
  const QueueAhead ahead{.holder_path = "/locks/first-1"};  // of an earlier list
  EXPECT_EQ(ahead.description(), "");
}

TEST(QueueAheadTest, NamesTheClaimOfAHolderThatWasNotRead) {
  const QueueAhead ahead{.claims_ahead = 3, .holder_path = "/locks/first-1"};
  EXPECT_EQ(ahead.description(), " is held by /locks/first-1; 3 ahead");
}

TEST(QueueAheadTest, NamesTheOwnerHostAndProcessOfTheHolder) {
  QueueAhead ahead{.claims_ahead = 1, .holder_path = "/locks/first-1", .holder = HolderView{}};
  Metadata& metadata = ahead.holder->metadata.emplace();
  metadata.owner = "user1";
  metadata.host = "db7";
  metadata.pid = 42;
  EXPECT_EQ(ahead.description(),
            " is held by user1 on db7 (pid 42) since 1970-01-01T00:00:00.000000000Z, claim "
            "/locks/first-1; "
            "1 ahead");
}

TEST(QueueAheadTest, WhatAHolderCallsItselfCannotMakeALineOfALog) {
  QueueAhead ahead{.claims_ahead = 1, .holder_path = "/locks/first-1", .holder = HolderView{}};
  Metadata& metadata = ahead.holder->metadata.emplace();
  metadata.owner = "user1\nall is well";
  metadata.host = "db7\x1b[2J";
  const std::string text = ahead.description();
  EXPECT_EQ(text.find('\n'), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
}

TEST(QueueAheadTest, AHolderWithoutAnOwnerOrAHostIsUnnamed) {
  QueueAhead ahead{.claims_ahead = 1, .holder_path = "/locks/first-1", .holder = HolderView{}};
  ahead.holder->metadata.emplace();
  EXPECT_EQ(
      ahead.description(),
      " is held by an unnamed owner since 1970-01-01T00:00:00.000000000Z, claim /locks/first-1; "
      "1 ahead");
}

}  // namespace
}  // namespace zklock::internal
