#include "queue/standing.h"

#include <gmock/gmock.h>
#include <zklock/testing/mock_zookeeper_client.h>

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;
using ::testing::StrictMock;
using zklock::testing::MockZooKeeperClient;
using Names = std::vector<std::string>;
using Place = Standing::Place;

std::vector<ClaimName> three() { return {{1, "a-1"}, {2, "b-2"}, {5, "c-5"}}; }

TEST(StandingTest, FirstIsFirst) {
  const Standing standing = standing_of("a-1", three());
  EXPECT_EQ(standing.place, Place::first);
  EXPECT_EQ(standing.claims_ahead, 0U);
  EXPECT_FALSE(standing.is_next());
}

TEST(StandingTest, SecondIsNext) {
  const Standing standing = standing_of("b-2", three());
  EXPECT_EQ(standing.place, Place::behind);
  EXPECT_EQ(standing.holder, "a-1");
  EXPECT_EQ(standing.ahead, "a-1");
  EXPECT_EQ(standing.claims_ahead, 1U);
  EXPECT_TRUE(standing.is_next());
}

TEST(StandingTest, ThirdWaitsForTheSecond) {
  const Standing standing = standing_of("c-5", three());
  EXPECT_EQ(standing.holder, "a-1");
  EXPECT_EQ(standing.ahead, "b-2");
  EXPECT_EQ(standing.claims_ahead, 2U);
  EXPECT_FALSE(standing.is_next());
}

TEST(StandingTest, AClaimThatIsNotListedIsMissing) {
  EXPECT_EQ(standing_of("d-0", three()).place, Place::missing);
  EXPECT_EQ(standing_of("a-1", {}).place, Place::missing);
  EXPECT_FALSE(standing_of("a-1", {}).is_next());
}

class ClaimsInOrderTest : public ::testing::Test {
 protected:
  Result<Names> order(const Names& names, const std::set<std::string>& not_claims = {}) {
    const Result<std::vector<ClaimName>> claims =
        claims_in_order(client_, "/locks", names, {"__lock__"}, not_claims, Context());
    if (!claims) return claims.error();
    Names ordered;
    for (const ClaimName& claim : *claims) ordered.push_back(claim.name);
    return ordered;
  }
  void read(const std::string& name, std::int64_t czxid, std::int64_t ephemeral_owner = 7) {
    Znode znode;
    znode.stat.czxid = czxid;
    znode.stat.ephemeral_owner = ephemeral_owner;
    EXPECT_CALL(client_, get("/locks/" + name, _)).WillOnce(Return(znode));
  }

  StrictMock<MockZooKeeperClient> client_;
};

TEST_F(ClaimsInOrderTest, NumbersDecideWithoutARequest) {
  EXPECT_EQ(*order({"z-1", "a-10", "m-2", "members"}), (Names{"z-1", "m-2", "a-10"}));
  EXPECT_EQ(*order({}), Names());
}

TEST_F(ClaimsInOrderTest, NumbersThatAreLongerThanTenDigitsStillCount) {
  EXPECT_EQ(*order({"a-99999999999", "b-0000000001"}), (Names{"b-0000000001", "a-99999999999"}));
}

TEST_F(ClaimsInOrderTest, FurtherMarkersCount) {
  EXPECT_EQ(*order({"x__lock__0000000003", "lock-0000000002"}),
            (Names{"lock-0000000002", "x__lock__0000000003"}));
}

TEST_F(ClaimsInOrderTest, KnownPersistentChildrenAreLeftOut) {
  EXPECT_EQ(*order({"a-1", "b-2"}, {"a-1"}), Names{"b-2"});
}

TEST_F(ClaimsInOrderTest, AStuckCounterMakesCzxidDecide) {
  read("a-2147483647", 30);
  read("b-2147483647", 20);
  read("c-2147483646", 10);
  EXPECT_EQ(*order({"a-2147483647", "b-2147483647", "c-2147483646"}),
            (Names{"c-2147483646", "b-2147483647", "a-2147483647"}));
}

TEST_F(ClaimsInOrderTest, OneNegativeNumberMakesCzxidDecide) {
  read("a--2147483648", 30);
  read("b-7", 20);
  EXPECT_EQ(*order({"a--2147483648", "b-7"}), (Names{"b-7", "a--2147483648"}));
}

TEST_F(ClaimsInOrderTest, EqualNumbersMakeCzxidDecide) {
  read("a-7", 30);
  read("b-7", 20);
  EXPECT_EQ(*order({"a-7", "b-7"}), (Names{"b-7", "a-7"}));
}

TEST_F(ClaimsInOrderTest, DeletedAndPersistentChildrenAreLeftOut) {
  EXPECT_CALL(client_, get("/locks/a-7", _)).WillOnce(Return(ZooKeeperErrc::no_node));
  read("b-7", 20);
  read("c-7", 10, 0);
  EXPECT_EQ(*order({"a-7", "b-7", "c-7"}), Names{"b-7"});
}

TEST_F(ClaimsInOrderTest, AnUnreadableClaimIsAnError) {
  EXPECT_CALL(client_, get).WillOnce(Return(ZooKeeperErrc::no_auth));
  EXPECT_EQ(order({"a-7", "b-7"}).error(), ZooKeeperErrc::no_auth);
}

}  // namespace
}  // namespace zklock::internal
