#include "wire/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Too long for a name in the DNS: it fails on every machine, without asking a server.
const std::string kImpossibleName(300, 'a');

Resolved resolve(std::vector<HostPort> servers) { return Resolver(std::move(servers)).resolve(); }

/// What a name server says of each host.
struct NameServer {
  std::map<std::string, HostAddresses> answers;

  [[nodiscard]] Resolver::LookUp look_up() {
    return [this](const std::string& host) { return answers[host]; };
  }
};

TEST(ResolverTest, ANameThatFailsLaterKeepsTheAddressesThatItHad) {
  NameServer names{{{"zk1", {{"10.0.0.1"}}}, {"zk2", {{"10.0.0.2", "10.0.0.3"}}}}};
  Resolver resolver({{"zk1", 2181}, {"zk2", 2181}}, names.look_up());
  const std::vector<std::string> all = resolver.resolve().servers;
  EXPECT_THAT(all, ElementsAre("10.0.0.1:2181", "10.0.0.2:2181", "10.0.0.3:2181"));
  for (const bool try_again : {true, false}) {
    names.answers["zk2"] = {{}, "Temporary failure in name resolution", try_again};
    const Resolved resolved = resolver.resolve();
    EXPECT_EQ(resolved.servers, all);
    EXPECT_EQ(resolved.problem, "\"zk2\": Temporary failure in name resolution");
    EXPECT_EQ(resolved.try_again, try_again);
  }
}

TEST(ResolverTest, ANameThatResolvesAgainHasItsNewAddresses) {
  NameServer names{
      {{"zk1", {{}, "Temporary failure in name resolution", true}}, {"zk2", {{"10.0.0.2"}}}}};
  Resolver resolver({{"zk1", 2181}, {"zk2", 2181}}, names.look_up());
  const Resolved first = resolver.resolve();
  EXPECT_THAT(first.servers, ElementsAre("10.0.0.2:2181"));
  EXPECT_EQ(first.problem, "\"zk1\": Temporary failure in name resolution");
  EXPECT_TRUE(first.try_again);
  names.answers["zk1"] = {{"10.0.0.1"}};
  names.answers["zk2"] = {{"10.0.0.9"}};
  EXPECT_THAT(resolver.resolve().servers, ElementsAre("10.0.0.1:2181", "10.0.0.9:2181"));
}

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

TEST(PaddedTest, TheNumberIsOddAndAnotherOne) {
  EXPECT_THAT(padded({"a:1", "b:2"}), ElementsAre("a:1", "b:2", "a:1"));
  EXPECT_THAT(padded({"a:1", "b:2", "c:3"}, 1), ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_THAT(padded({"a:1", "b:2", "c:3"}, 3), ElementsAre("a:1", "b:2", "c:3", "a:1", "b:2"));
  EXPECT_THAT(padded({"a:1"}, 1), ElementsAre("a:1", "a:1", "a:1"));
}

}  // namespace
}  // namespace zklock::internal
