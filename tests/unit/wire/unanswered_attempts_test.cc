// Which attempts to connect are ended, and when.
#include "wire/unanswered_attempts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "cli/file_descriptor.h"
#include "support/accepting_host.h"
#include "support/silent_host.h"
#include "wire/ended_connections.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using zklock::test::AcceptingHost;
using zklock::test::SilentHost;

/// As libzookeeper makes its sockets.
cli::FileDescriptor attempt_at(const SilentHost& host) {
  cli::FileDescriptor socket = host.connect();
  const int on = 1;
  EXPECT_EQ(::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on), 0);
  return socket;
}

UnansweredAttempts::Patience patience(std::chrono::nanoseconds time) { return {time, time}; }

bool is_under_way(const cli::FileDescriptor& socket) {
  pollfd polled{socket.get(), POLLIN | POLLOUT, 0};
  return ::poll(&polled, 1, 0) == 0;
}

int error_of(const cli::FileDescriptor& socket) {
  int error = 0;
  socklen_t size = sizeof error;
  EXPECT_EQ(::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size), 0);
  return error;
}

TEST(UnansweredAttemptsTest, OneThatTakesTooLongFails) {
  const SilentHost host;
  const cli::FileDescriptor socket = attempt_at(host);
  UnansweredAttempts attempts;
  EXPECT_THAT(attempts.end({host.name()}, patience(1h)), IsEmpty());
  ASSERT_TRUE(is_under_way(socket));
  EXPECT_THAT(attempts.end({host.name()}, patience(0s)), ElementsAre(host.name()));
  EXPECT_FALSE(is_under_way(socket)) << "a thread that polls it wakes up";
  EXPECT_EQ(error_of(socket), ECONNRESET);
  EXPECT_THAT(attempts.end({host.name()}, patience(0s)), IsEmpty());
}

TEST(UnansweredAttemptsTest, ItIsKnownWhichServersDidNotAnswer) {
  const SilentHost host;
  const cli::FileDescriptor socket = attempt_at(host);
  UnansweredAttempts attempts;
  attempts.end({host.name()}, patience(1h));
  EXPECT_FALSE(was_just_ended(host.name()));
  attempts.end({host.name()}, patience(0s));
  EXPECT_TRUE(was_just_ended(host.name()));
  EXPECT_TRUE(was_just_ended("[" + host.name() + "]"));
}

TEST(UnansweredAttemptsTest, ALaterOneHasItsOwnTime) {
  const SilentHost host;
  UnansweredAttempts attempts;
  const cli::FileDescriptor first = attempt_at(host);
  EXPECT_THAT(attempts.end({host.name()}, patience(1h)), IsEmpty());
  const auto found_at_the_earliest = std::chrono::steady_clock::now();
  const cli::FileDescriptor second = attempt_at(host);
  attempts.end({host.name()}, patience(std::chrono::steady_clock::now() - found_at_the_earliest));
  EXPECT_FALSE(is_under_way(first));
  EXPECT_TRUE(is_under_way(second));
}

TEST(UnansweredAttemptsTest, OtherSocketsAreLeftAlone) {
  const SilentHost host;
  const SilentHost other;
  const cli::FileDescriptor elsewhere = attempt_at(other);
  const cli::FileDescriptor delays = host.connect();
  const cli::FileDescriptor blocks = attempt_at(host);
  ASSERT_EQ(::fcntl(blocks.get(), F_SETFL, 0), 0);
  UnansweredAttempts attempts;
  EXPECT_THAT(attempts.end({host.name()}, patience(0s)), IsEmpty());
  for (const cli::FileDescriptor* socket : {&elsewhere, &delays, &blocks}) {
    EXPECT_TRUE(is_under_way(*socket));
  }
}

TEST(UnansweredAttemptsTest, AHandshakeThatTakesTooLongFails) {
  const AcceptingHost host;
  const AcceptingHost::Connection connection = host.connect();
  UnansweredAttempts attempts;
  EXPECT_THAT(attempts.end({host.name()}, {.to_accept = 0s, .to_shake_hands = 1h}), IsEmpty());
  ASSERT_FALSE(connection.is_over());
  EXPECT_THAT(attempts.end({host.name()}, {.to_accept = 1h, .to_shake_hands = 0s}),
              ElementsAre(host.name()));
  EXPECT_TRUE(connection.is_over());
}

TEST(UnansweredAttemptsTest, AServerThatHasAnsweredIsLeftAlone) {
  const AcceptingHost host;
  const AcceptingHost::Connection connection = host.connect();
  connection.say("x");
  UnansweredAttempts attempts;
  EXPECT_THAT(attempts.end({host.name()}, patience(0s)), IsEmpty());
  EXPECT_FALSE(connection.is_over());
}

}  // namespace
}  // namespace zklock::internal
