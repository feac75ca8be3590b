#include "lock/claim_order.h"

#include <gmock/gmock.h>
#include <zklock/testing/mock_zookeeper_client.h>

namespace zklock::internal {
namespace {

using ::testing::_;
using ::testing::Return;
using ::testing::StrictMock;
using zklock::testing::MockZooKeeperClient;
using Names = std::vector<std::string>;

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

TEST_F(ClaimsInOrderTest, ThoseKnownNotToBeClaimsAreLeftOut) {
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

TEST_F(ClaimsInOrderTest, WhatIsGoneOrPersistentIsLeftOutOfThat) {
  EXPECT_CALL(client_, get("/locks/a-7", _)).WillOnce(Return(ZooKeeperErrc::no_node));
  read("b-7", 20);
  read("c-7", 10, 0);
  EXPECT_EQ(*order({"a-7", "b-7", "c-7"}), Names{"b-7"});
}

TEST_F(ClaimsInOrderTest, WhatCanNotBeReadIsAnError) {
  EXPECT_CALL(client_, get).WillOnce(Return(ZooKeeperErrc::no_auth));
  EXPECT_EQ(order({"a-7", "b-7"}).error(), ZooKeeperErrc::no_auth);
}

}  // namespace
}  // namespace zklock::internal
