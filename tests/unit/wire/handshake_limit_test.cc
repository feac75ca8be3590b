// Which connections are ended when a TLS handshake does not go on.
#include "wire/handshake_limit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <memory>

#include "support/accepting_host.h"
#include "support/silent_host.h"
#include "wire/ended_connections.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using zklock::test::AcceptingHost;

TEST(HandshakeLimitTest, AServerThatSaysNothingMoreIsLeft) {
  const AcceptingHost host;
  const AcceptingHost::Connection connection = host.connect();
  connection.say("half of it");
  EXPECT_THAT(end_silent_connections({host.name()}, 1h), IsEmpty());
  ASSERT_FALSE(was_just_ended(host.name()));
  EXPECT_THAT(end_silent_connections({host.name()}, 0s), ElementsAre(host.name()));
  EXPECT_TRUE(was_just_ended(host.name()));
  EXPECT_THAT(end_silent_connections({host.name()}, 0s), IsEmpty());
}

TEST(HandshakeLimitTest, OtherServersAreLeftAlone) {
  const AcceptingHost host;
  const AcceptingHost other;
  const AcceptingHost::Connection connection = host.connect();
  EXPECT_THAT(end_silent_connections({other.name()}, 0s), IsEmpty());
  EXPECT_FALSE(connection.is_over());
}

TEST(HandshakeLimitTest, AnAttemptThatIsNotAcceptedIsNoHandshake) {
  const zklock::test::SilentHost host;
  const auto socket = host.connect();
  EXPECT_THAT(end_silent_connections({host.name()}, 0s), IsEmpty());
}

TEST(HandshakeLimitTest, ItIsKeptInTheBackground) {
  const AcceptingHost host;
  const AcceptingHost::Connection connection = host.connect();
  const std::shared_ptr<void> limit = limit_handshakes({host.name()}, 0s);
  ASSERT_TRUE(limit);
  pollfd polled{connection.client.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&polled, 1, 30'000), 1);
  EXPECT_TRUE(connection.is_over());
}

}  // namespace
}  // namespace zklock::internal
