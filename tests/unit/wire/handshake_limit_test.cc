// Which connections are ended when a TLS handshake takes too long.
#include "wire/handshake_limit.h"

#include <gtest/gtest.h>

#include <chrono>

#include "support/accepting_host.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using zklock::test::AcceptingHost;

TEST(HandshakeLimitTest, ConnectionsOfLongerSessionsMayBeSilentForLonger) {
  const AcceptingHost host;
  const AcceptingHost::Connection own = host.connect();
  own.say("a session's");
  TimeoutInUse longer(1ms);
  longer.change(30s);
  EXPECT_TRUE(end_silent_connections({host.name()}, 0ms).empty());
  EXPECT_FALSE(own.is_over());
}

TEST(HandshakeLimitTest, WhatIsSilentForTooLongIsEnded) {
  const AcceptingHost host;
  const AcceptingHost::Connection own = host.connect();
  { const TimeoutInUse longer(30s); }
  EXPECT_EQ(end_silent_connections({host.name()}, 0ms).size(), 1U);
  EXPECT_TRUE(own.is_over());
}

}  // namespace
}  // namespace zklock::internal
