// How long an attempt to connect may take.
#include "wire/attempt_patience.h"

#include <gtest/gtest.h>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

nanoseconds to_accept(const ServerSearch& search) { return patience_with(search).to_accept; }
nanoseconds to_shake_hands(const ServerSearch& search) {
  return patience_with(search).to_shake_hands;
}

TEST(AttemptPatienceTest, AServerHasASecondToAccept) {
  EXPECT_EQ(to_accept({.servers = 3, .session = 10s}), 1s);
  EXPECT_EQ(to_accept({.servers = 3, .connect_timeout = 10s}), 1s);
}

TEST(AttemptPatienceTest, OfManyServersEachHasItsShareOfTheTimeToConnect) {
  EXPECT_EQ(to_accept({.servers = 16, .connect_timeout = 10s}), 625ms);
  EXPECT_EQ(to_accept({.servers = 100, .connect_timeout = 10s}), 500ms);
}

TEST(AttemptPatienceTest, ServersFarAwayAreReachedInTheEnd) {
  EXPECT_EQ(to_accept({.servers = 3, .lasts = 60s, .session = 10s}), 10s);
}

TEST(AttemptPatienceTest, ASessionIsResumedElsewhereAfterASixthOfItsTimeout) {
  EXPECT_EQ(to_shake_hands({.servers = 3, .session = 12s}), 2s);
  EXPECT_EQ(to_shake_hands({.servers = 3, .session = 2s}), 1s) << "no less than to accept";
}

TEST(AttemptPatienceTest, EachHandshakeHasTwiceTheTimeOfTheOneBefore) {
  EXPECT_EQ(to_shake_hands({.servers = 3, .lasts = 4s, .session = 12s}), 2s);
  EXPECT_EQ(to_shake_hands({.servers = 3, .lasts = 8s, .session = 12s}), 4s);
  EXPECT_EQ(to_shake_hands({.servers = 5, .lasts = 8s, .session = 12s}), 4s);
}

TEST(AttemptPatienceTest, OneHandshakeOfANewSessionIsEnded) {
  EXPECT_EQ(to_shake_hands({.servers = 3, .lasts = 3s, .connect_timeout = 9s}), 3s);
  EXPECT_EQ(to_shake_hands({.servers = 3, .lasts = 6s, .connect_timeout = 9s}), nanoseconds::max());
  EXPECT_EQ(to_shake_hands({.servers = 3, .lasts = 5s}), 5s);
  EXPECT_EQ(to_shake_hands({.servers = 3, .lasts = 10s}), nanoseconds::max());
}

TEST(AttemptPatienceTest, TheOnlyServerHasAllTheTimeToShakeHands) {
  EXPECT_EQ(to_shake_hands({.session = 10s}), nanoseconds::max());
  EXPECT_EQ(to_shake_hands({.connect_timeout = 10s}), nanoseconds::max());
}

}  // namespace
}  // namespace zklock::internal
