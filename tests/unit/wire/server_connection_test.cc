// Which connection is a handle's, and what ends with it.
#include "wire/server_connection.h"

#include <gtest/gtest.h>

#include "support/accepting_host.h"
#include "wire/ended_connections.h"

namespace zklock::internal {
namespace {

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
  EXPECT_EQ(connection.leave(), host.name());
  EXPECT_FALSE(older.is_over());
  char text[100];
  while (::recv(own.client.get(), text, sizeof text, MSG_DONTWAIT) > 0) {
  }
  EXPECT_TRUE(own.is_over());
  EXPECT_TRUE(was_just_ended(host.name()));
}

TEST(ServerConnectionTest, WithoutOneThereIsNothingToLeave) {
  const AcceptingHost host;
  ServerConnection connection;
  EXPECT_EQ(connection.leave(), "");
  {
    const AcceptingHost::Connection own = host.connect();
    connection.begin(host.name());
  }
  EXPECT_EQ(connection.leave(), "") << "it is over already";
}

TEST(ServerConnectionTest, TheServerThatWasLeftIsPassedOnce) {
  const AcceptingHost host;
  const AcceptingHost::Connection left = host.connect();
  ServerConnection connection;
  connection.begin(host.name());
  connection.leave();
  const AcceptingHost::Connection passed = host.connect();
  connection.begin(host.name());
  EXPECT_TRUE(passed.is_over());
  const AcceptingHost::Connection taken = host.connect();
  connection.begin(host.name());
  EXPECT_FALSE(taken.is_over());
  EXPECT_EQ(connection.leave(), host.name());
}

TEST(ServerConnectionTest, AfterASessionElsewhereItIsAsGoodAsAnyOther) {
  const AcceptingHost host;
  const AcceptingHost elsewhere;
  const AcceptingHost::Connection left = host.connect();
  ServerConnection connection;
  connection.begin(host.name());
  connection.leave();
  const AcceptingHost::Connection other = elsewhere.connect();
  connection.begin(elsewhere.name());
  connection.on_connected();
  const AcceptingHost::Connection back = host.connect();
  connection.begin(host.name());
  EXPECT_FALSE(back.is_over());
}

}  // namespace
}  // namespace zklock::internal
