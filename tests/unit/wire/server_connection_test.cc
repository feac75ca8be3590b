// Which connection is a handle's, and what ends with it.
#include "wire/server_connection.h"

#include <gtest/gtest.h>

#include <chrono>

#include "support/accepting_host.h"
#include "wire/ended_connections.h"

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using zklock::test::AcceptingHost;

TEST(ServerConnectionTest, ItIsTheOneFromWhichNothingHasBeenRead) {
  const AcceptingHost host;
  const AcceptingHost::Connection older = host.connect();
  older.say("x");
  char byte = 0;
  ASSERT_EQ(::recv(older.client.get(), &byte, 1, 0), 1);
  const AcceptingHost::Connection own = host.connect();
  own.say("an answer that comes before libzookeeper's line");
  ServerConnection connection;
  connection.begin(host.name());
  EXPECT_EQ(connection.leave(0ms), host.name());
  EXPECT_FALSE(older.is_over());
  char text[100];
  while (::recv(own.client.get(), text, sizeof text, MSG_DONTWAIT) > 0) {
  }
  EXPECT_TRUE(own.is_over());
  EXPECT_TRUE(was_just_ended(host.name()));
}

TEST(ServerConnectionTest, AnotherOneThatBeginsAtTheSameTimeEndsWithIt) {
  const AcceptingHost host;
  const AcceptingHost::Connection own = host.connect();
  const AcceptingHost::Connection other = host.connect();
  ServerConnection connection;
  connection.begin(host.name());
  EXPECT_EQ(connection.leave(0ms), host.name());
  EXPECT_TRUE(own.is_over());
  EXPECT_TRUE(other.is_over());
}

TEST(ServerConnectionTest, BehindATlsHandshakeItIsTheOneThatHasJustSent) {
  const AcceptingHost host;
  const AcceptingHost::Connection own = host.connect();
  own.say("x");
  char byte = 0;
  ASSERT_EQ(::recv(own.client.get(), &byte, 1, 0), 1);
  ServerConnection connection;
  ASSERT_EQ(::send(own.client.get(), "request", 7, MSG_NOSIGNAL), 7);
  connection.begin(host.name());
  EXPECT_EQ(connection.leave(0ms), host.name());
  EXPECT_TRUE(own.is_over());
}

TEST(ServerConnectionTest, WithoutOneThereIsNothingToLeave) {
  const AcceptingHost host;
  ServerConnection connection;
  EXPECT_EQ(connection.leave(0ms), "");
  {
    const AcceptingHost::Connection own = host.connect();
    connection.begin(host.name());
  }
  EXPECT_EQ(connection.leave(0ms), "") << "it is over already";
}

TEST(ServerConnectionTest, TheServerThatWasLeftIsPassedOnce) {
  const AcceptingHost host;
  const AcceptingHost::Connection left = host.connect();
  ServerConnection connection;
  connection.begin(host.name());
  connection.leave(0ms);
  const AcceptingHost::Connection passed = host.connect();
  connection.begin(host.name());
  EXPECT_TRUE(passed.is_over());
  const AcceptingHost::Connection taken = host.connect();
  connection.begin(host.name());
  EXPECT_FALSE(taken.is_over());
  EXPECT_EQ(connection.leave(0ms), host.name());
}

TEST(ServerConnectionTest, ItIsNotPassedWhenAnotherOneWasTriedInVain) {
  const AcceptingHost host;
  const AcceptingHost elsewhere;
  const AcceptingHost::Connection left = host.connect();
  ServerConnection connection;
  connection.begin(host.name());
  ASSERT_EQ(connection.leave(0ms), host.name());
  connection.on_failed(host.name());
  connection.on_failed(elsewhere.name());
  const AcceptingHost::Connection back = host.connect();
  connection.begin(host.name());
  EXPECT_FALSE(back.is_over());
}

TEST(ServerConnectionTest, AServerThatSendsALongAnswerIsNotLeft) {
  const AcceptingHost host;
  const AcceptingHost::Connection own = host.connect();
  ServerConnection connection;
  connection.begin(host.name());
  own.say("a part of an answer");
  EXPECT_EQ(connection.leave(1h), "");
  EXPECT_EQ(connection.leave(0ms), host.name());
}

}  // namespace
}  // namespace zklock::internal
