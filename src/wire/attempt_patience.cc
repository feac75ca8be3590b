#include "wire/attempt_patience.h"

#include <algorithm>

namespace zklock::internal {

namespace {

using std::chrono::nanoseconds;

/// For a server to accept. Less, down to the shortest, if there are so many servers that a caller
/// who waits for the first session would not reach the last one.
constexpr nanoseconds kToAccept = std::chrono::seconds(1);
constexpr nanoseconds kShortestToAccept = std::chrono::milliseconds(500);

/// For the first handshake of a new session, if nobody waits for that.
constexpr nanoseconds kToBeginSession = std::chrono::seconds(5);

/// How many silent servers are passed within the timeout of a session that is to be resumed.
constexpr int kHandshakes = 6;

}  // namespace

UnansweredAttempts::Patience patience_with(const ServerSearch& search) noexcept {
  const nanoseconds share = search.connect_timeout / search.servers;
  UnansweredAttempts::Patience patience{kToAccept, nanoseconds::max()};
  if (share.count() > 0) patience.to_accept = std::clamp(share, kShortestToAccept, kToAccept);
  // Behind a slow network nobody answers in a second: the longer the search, the longer each
  // attempt may take.
  patience.to_accept = std::max(patience.to_accept, search.lasts / (2 * search.servers));
  if (search.servers == 1) return patience;  // there is nobody else
  if (search.session.count() > 0) {
    // Each handshake has twice the time of the one before: all servers may be slow.
    patience.to_shake_hands =
        std::max({search.session / kHandshakes, search.lasts / 2, patience.to_accept});
    return patience;
  }
  // A new session. One handshake is ended, not more: each may have begun a session, which is a
  // write of servers that may be slow, and for nothing.
  const nanoseconds first =
      std::max(share.count() > 0 ? share : kToBeginSession, patience.to_accept);
  if (search.lasts < 2 * first) patience.to_shake_hands = first;
  return patience;
}

}  // namespace zklock::internal
