// timed_wire.h: a Wire that tells when each request was sent and answered.
#ifndef ZKLOCK_SRC_SESSION_TIMED_WIRE_H_
#define ZKLOCK_SRC_SESSION_TIMED_WIRE_H_

#include <cstdint>
#include <memory>
#include <system_error>

#include "session/evidence.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Hears of every answer of a server. On the wire's thread; must not block.
class AnswerObserver {
 public:
  virtual ~AnswerObserver() = default;
  /// The connection that requests of this wire are sent on now; 0: none is known to stand. Of any
  /// thread.
  [[nodiscard]] virtual std::uint64_t connection_now(std::uint64_t wire) const = 0;
  virtual void on_answered(const Answered& operation) = 0;
};

/// The same wire, witnessed. The witness may be gone before it.
[[nodiscard]] std::shared_ptr<Wire> witnessed(std::shared_ptr<Wire> wire,
                                              std::weak_ptr<AnswerObserver> witness,
                                              std::uint64_t number);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_TIMED_WIRE_H_
