// timed_wire.h: a Wire that records when each request was sent and answered, and over which
// connection.
#ifndef ZKLOCK_SRC_SESSION_TIMED_WIRE_H_
#define ZKLOCK_SRC_SESSION_TIMED_WIRE_H_

#include <cstdint>
#include <memory>

#include "session/evidence.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Notified of every answer of a server.
class AnswerObserver {
 public:
  virtual ~AnswerObserver() = default;
  /// The connection on which requests of this wire are sent now; 0: none is known to be up. Called
  /// by any thread.
  [[nodiscard]] virtual std::uint64_t connection_now(std::uint64_t wire) const = 0;
  /// The number of the last connection; on the wire's thread: of the one that events and answers
  /// come from.
  [[nodiscard]] virtual std::uint64_t last_connection() const = 0;
  /// Called by the wire's thread; must not block.
  virtual void on_answered(const Answered& operation) = 0;
};

/// The same wire with timing. It reports answers to the observer, and writes into lists and znodes
/// over which connection they came. The observer may be destroyed before the wire.
[[nodiscard]] std::shared_ptr<Wire> timed(std::shared_ptr<Wire> wire,
                                          std::weak_ptr<AnswerObserver> observer,
                                          std::uint64_t number);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_TIMED_WIRE_H_
