#include "wire/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Too long for a name in the DNS: it fails on every machine, without asking a server.
const std::string kImpossibleName(300, 'a');

TEST(ResolverTest, NumericAddressesStayUnchanged) {
  const Resolved resolved = resolve({{"127.0.0.1", 2181}, {"10.0.0.7", 2182}, {"::1", 2183}});
  EXPECT_THAT(resolved.servers, ElementsAre("127.0.0.1:2181", "10.0.0.7:2182", "::1:2183"));
  EXPECT_EQ(resolved.problem, "");
  EXPECT_FALSE(resolved.try_again);
}

TEST(ResolverTest, LocalhostIsLoopback) {
  const Resolved resolved = resolve({{"localhost", 2181}});
  ASSERT_FALSE(resolved.servers.empty());
  for (const std::string& server : resolved.servers) {
    EXPECT_TRUE(server == "127.0.0.1:2181" || server == "::1:2181") << server;
  }
  EXPECT_EQ(resolved.problem, "");
}

TEST(ResolverTest, NothingIsNamedTwice) {
  const Resolved resolved =
      resolve({{"127.0.0.1", 2181}, {"127.0.0.1", 2182}, {"127.0.0.1", 2181}, {"127.1", 2181}});
  EXPECT_THAT(resolved.servers, ElementsAre("127.0.0.1:2181", "127.0.0.1:2182"));
}

TEST(ResolverTest, OneUnknownNameLeavesTheOthersUsable) {
  const Resolved resolved = resolve({{kImpossibleName, 2181}, {"127.0.0.1", 2181}});
  EXPECT_THAT(resolved.servers, ElementsAre("127.0.0.1:2181"));
  EXPECT_THAT(resolved.problem, HasSubstr("\"aaaaaaaa"));
  EXPECT_FALSE(resolved.try_again);
}

TEST(ResolverTest, ReportsEveryNameThatFailed) {
  const Resolved resolved = resolve({{kImpossibleName, 2181}, {std::string(300, 'b'), 2181}});
  EXPECT_TRUE(resolved.servers.empty());
  EXPECT_THAT(resolved.problem, HasSubstr("\"aaaaaaaa"));
  EXPECT_THAT(resolved.problem, HasSubstr("; \"bbbbbbbb"));
}

TEST(ResolverTest, AnEmptyListIsAccepted) {
  const Resolved resolved = resolve({});
  EXPECT_TRUE(resolved.servers.empty());
  EXPECT_EQ(resolved.problem, "");
}

TEST(ConnectionStringTest, HasAnOddNumberOfServers) {
  EXPECT_EQ(connection_string({"a:1"}, ""), "a:1");
  EXPECT_EQ(connection_string({"a:1", "b:2"}, ""), "a:1,b:2,a:1");
  EXPECT_EQ(connection_string({"a:1", "b:2", "c:3"}, ""), "a:1,b:2,c:3");
  EXPECT_EQ(connection_string({"a:1", "b:2", "c:3", "::1:4"}, ""), "a:1,b:2,c:3,::1:4,a:1");
}

TEST(ConnectionStringTest, EndsWithTheChroot) {
  EXPECT_EQ(connection_string({"a:1"}, "/app"), "a:1/app");
  EXPECT_EQ(connection_string({"a:1", "b:2"}, "/app"), "a:1,b:2,a:1/app");
}

}  // namespace
}  // namespace zklock::internal
