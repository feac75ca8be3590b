// Which servers a handle uses, and which it is to take.
#include "wire/handle_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Optional;

TEST(HandleServersTest, NewerOnesAreInUseOnceTheHandleHasTakenThem) {
  HandleServers servers({"a:1", "b:2"});
  EXPECT_EQ(servers.offered(), std::nullopt);
  servers.offer({"a:1", "c:3"});
  EXPECT_THAT(servers.offered(), Optional(ElementsAre("a:1", "c:3")));
  EXPECT_THAT(servers.in_use(), ElementsAre("a:1", "b:2"));
  servers.use({"a:1", "c:3"});
  EXPECT_THAT(servers.in_use(), ElementsAre("a:1", "c:3"));
  EXPECT_EQ(servers.offered(), std::nullopt);
}

TEST(HandleServersTest, AnOfferThatCameMeanwhileIsKept) {
  HandleServers servers({"a:1"});
  servers.offer({"b:2"});
  servers.offer({"c:3"});
  servers.use({"b:2"});
  EXPECT_THAT(servers.in_use(), ElementsAre("b:2"));
  EXPECT_THAT(servers.offered(), Optional(ElementsAre("c:3")));
}

TEST(HandleServersTest, TheSameOnesInAnotherOrderAreNotNewer) {
  HandleServers servers({"a:1", "b:2"});
  servers.offer({"b:2", "a:1"});
  EXPECT_EQ(servers.offered(), std::nullopt);
}

TEST(HandleServersTest, ThoseInUseWithdrawAnOffer) {
  HandleServers servers({"a:1"});
  servers.offer({"b:2"});
  servers.offer({"a:1"});
  EXPECT_EQ(servers.offered(), std::nullopt);
  EXPECT_FALSE(servers.are_overdue(SteadyTime::max()));
}

TEST(HandleServersTest, AnOfferThatIsChangedHasWaitedSinceTheFirstOne) {
  HandleServers servers({"a:1"});
  const SteadyTime before = Platform::current().steady_now();
  servers.offer({"b:2"});
  const SteadyTime after = Platform::current().steady_now();
  servers.offer({"c:3"});
  EXPECT_FALSE(servers.are_overdue(before + 2s - 1ns));
  EXPECT_TRUE(servers.are_overdue(after + 2s));
  servers.use({"c:3"});
  EXPECT_FALSE(servers.are_overdue(after + 1h));
}

TEST(HandleServersTest, AnOfferFromBeforeTheSearchHasWaitedSinceItsBegin) {
  HandleServers servers({"a:1"});
  servers.offer({"b:2"});
  const SteadyTime before = Platform::current().steady_now();
  EXPECT_EQ(servers.session_timeout(), 0s);
  servers.search(8s, 10s);
  EXPECT_EQ(servers.session_timeout(), 10s);
  const SteadyTime after = Platform::current().steady_now();
  EXPECT_FALSE(servers.are_overdue(before + 8s - 1ns));
  EXPECT_TRUE(servers.are_overdue(after + 8s));
}

TEST(HandleServersTest, AHandleThatIsGivenUpHasAsLongAsALeaseMayRelyOnIt) {
  HandleServers servers({"a:1"});
  const SteadyTime before = Platform::current().steady_now();
  servers.search(8s, 10s);
  const SteadyTime after = Platform::current().steady_now();
  EXPECT_TRUE(servers.give_up());
  EXPECT_FALSE(servers.give_up()) << "known already";
  EXPECT_FALSE(servers.are_overdue(before + 8s - 1ns));
  EXPECT_TRUE(servers.are_overdue(after + 8s));
  servers.search(8s, 10s);
  EXPECT_FALSE(servers.are_overdue(after + 1h)) << "it had a connection in between";
}

}  // namespace
}  // namespace zklock::internal
