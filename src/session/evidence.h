// evidence.h: until when it is certain that a session stands. Pure: the clock is read elsewhere.
#ifndef ZKLOCK_SRC_SESSION_EVIDENCE_H_
#define ZKLOCK_SRC_SESSION_EVIDENCE_H_

#include <chrono>
#include <cstdint>
#include <deque>

#include "base/platform.h"

namespace zklock::internal {

/// An operation that a server has answered.
struct Answered {
  std::uint64_t connection = 0;  // on which it was sent, and answered
  BootTime sent{};               // not later than it really was
  BootTime received{};
  bool is_quorum_write = false;  // its answer proves that a quorum took it, whatever it says
};

/// A follower answers reads without asking anybody, also while the leader ends its sessions, and it
/// tells the leader of its sessions' activity only when it is asked to, every half tick. But all
/// that goes from the one to the other keeps its order. So two quorum writes, the second sent after
/// the first was answered, prove that the leader knows of every operation that was answered half a
/// tick before the first was sent: before the follower could answer the first, it had to answer the
/// leader's question; and before the leader could take the second, it had to take that answer. From
/// the sending of such an operation the session stands for its timeout. A handshake is tracked by
/// the leader itself. (src/README.md has this at length.)
///
/// Thread safety: none.
class Evidence {
 public:
  explicit Evidence(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  /// The timeout that a handshake negotiated: the smallest counts, as a new leader goes back to the
  /// first one.
  void negotiated(std::chrono::milliseconds timeout);
  /// A handshake was done that did not begin before `begun`.
  void handshake(BootTime begun);
  /// REQUIRES: told in the order of the answers.
  void answered(const Answered& operation);

  /// It moves back only when the timeout becomes smaller: a server that negotiates a smaller one
  /// shortens what is left. BootTime::min(): there is no evidence.
  [[nodiscard]] BootTime certain_until() const noexcept;
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept { return timeout_; }

 private:
  /// What is certain of an operation that was sent at `sent`, from `received` on.
  struct Fact {
    BootTime sent;
    BootTime received;
  };
  using Facts = std::deque<Fact>;  // in the order of `received`

  void add(Facts& facts, const Fact& fact) const;

  std::chrono::milliseconds timeout_;
  BootTime stands_from_ = BootTime::min();
  std::uint64_t connection_ = 0;  // of what follows
  Facts heard_;                   // a server has heard it
  Facts reported_;                // it has told the leader, who may not have heard it yet
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_EVIDENCE_H_
