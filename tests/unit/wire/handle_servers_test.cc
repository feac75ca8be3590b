// Which servers a handle uses, and which it is to take.
#include "wire/handle_servers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::Optional;

TEST(HandleServersTest, NewerOnesAreTakenOnce) {
  HandleServers servers({"a:1", "b:2"});
  EXPECT_EQ(servers.take(), std::nullopt);
  servers.offer({"a:1", "c:3"});
  EXPECT_THAT(servers.in_use(), ElementsAre("a:1", "b:2"));
  EXPECT_THAT(servers.take(), Optional(ElementsAre("a:1", "c:3")));
  EXPECT_THAT(servers.in_use(), ElementsAre("a:1", "c:3"));
  EXPECT_EQ(servers.take(), std::nullopt);
}

TEST(HandleServersTest, TheSameOnesInAnotherOrderAreNotNewer) {
  HandleServers servers({"a:1", "b:2"});
  servers.offer({"b:2", "a:1"});
  EXPECT_EQ(servers.waiting_since(), std::nullopt);
  EXPECT_EQ(servers.take(), std::nullopt);
}

TEST(HandleServersTest, ThoseInUseWithdrawAnOffer) {
  HandleServers servers({"a:1"});
  servers.offer({"b:2"});
  servers.offer({"a:1"});
  EXPECT_EQ(servers.waiting_since(), std::nullopt);
  EXPECT_EQ(servers.take(), std::nullopt);
}

TEST(HandleServersTest, AnOfferThatIsChangedHasWaitedSinceTheFirstOne) {
  HandleServers servers({"a:1"});
  const SteadyTime before = Platform::current().steady_now();
  servers.offer({"b:2"});
  const std::optional<SteadyTime> since = servers.waiting_since();
  ASSERT_TRUE(since);
  EXPECT_GE(*since, before);
  servers.offer({"c:3"});
  EXPECT_EQ(servers.waiting_since(), since);
  EXPECT_THAT(servers.take(), Optional(ElementsAre("c:3")));
  EXPECT_EQ(servers.waiting_since(), std::nullopt);
}

}  // namespace
}  // namespace zklock::internal
