// evidence.h: until when it is certain that a session still exists. Pure: it reads no clock.
#ifndef ZKLOCK_SRC_SESSION_EVIDENCE_H_
#define ZKLOCK_SRC_SESSION_EVIDENCE_H_

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/platform.h"

namespace zklock::internal {

/// An operation that a server has answered.
struct Answered {
  std::uint64_t connection = 0;  // on which it was sent and answered
  BootTime sent{};               // not later than the real time of sending
  BootTime received{};
  bool is_quorum_write = false;  // any answer, an error too, proves that a quorum committed it
};

/// A follower answers reads alone, even while the leader ends its sessions. It reports its
/// sessions' activity only in its answers to the leader's pings, every half tick. All messages
/// between the two keep their order.
///
/// Take two quorum writes, the second sent after the first was answered. They prove that the leader
/// knows of every operation that was answered half a tick before the first write was sent: the
/// follower had to answer a ping, and so report that operation, before it could answer the first
/// write; and the leader had to receive that report before it could take the second write. The
/// session then exists for its timeout from the sending of that operation. The leader itself tracks
/// a handshake. (src/SAFETY.md has the whole argument.)
///
/// Thread safety: none.
class Evidence {
 public:
  explicit Evidence(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  /// A handshake negotiated this timeout. The smallest counts, as a new leader goes back to the
  /// first one.
  void negotiated(std::chrono::milliseconds timeout);
  /// A handshake is done; it did not begin before `begun`.
  void handshake(BootTime begun);
  /// REQUIRES: called in the order of the answers.
  void answered(const Answered& operation);

  /// BootTime::min(): there is no evidence. The time moves back only when a server negotiates a
  /// smaller timeout.
  [[nodiscard]] BootTime certain_until() const noexcept;
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }

 private:
  /// An operation that was sent at `sent`; what is known of it is known from `received` on.
  struct Fact {
    BootTime sent;
    BootTime received;
  };
  using Facts = std::deque<Fact>;  // in the order of `received`

  void add(Facts& facts, const Fact& fact) const;

  std::chrono::milliseconds timeout_;
  BootTime stands_from_ = BootTime::min();
  std::uint64_t connection_ = 0;  // of the facts below
  Facts heard_;                   // a server has received it
  Facts reported_;                // the server has reported it; the report may be on its way
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_EVIDENCE_H_
