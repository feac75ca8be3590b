// round_pause.h: the pauses between rounds of attempts to connect, while no server answers.
#ifndef ZKLOCK_SRC_WIRE_ROUND_PAUSE_H_
#define ZKLOCK_SRC_WIRE_ROUND_PAUSE_H_

#include <chrono>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// When a handle has tried all servers in vain, libzookeeper begins again after a sixtieth of the
/// session timeout, however long that goes on, and so do all clients that lost the same servers at
/// the same time. This adds a pause that doubles with each round, up to a second or a tenth of the
/// timeout, with jitter: so they neither flood servers that come back, nor march in step
/// afterwards.
///
/// Thread safety: all functions may be called from any thread.
class RoundPause {
 public:
  explicit RoundPause(std::chrono::milliseconds session_timeout);

  /// Blocks until the pause is over, or `end` is called. On the handle's network thread, which has
  /// nothing else to do.
  void wait() noexcept;
  /// A server has answered: the next pause is a short one.
  void begin_anew() noexcept;
  /// The handle is to be closed, which waits for its thread: there are no more pauses.
  void end() noexcept;

  /// No pause is longer.
  [[nodiscard]] std::chrono::nanoseconds longest() const noexcept { return longest_; }

 private:
  const std::chrono::nanoseconds first_;
  const std::chrono::nanoseconds longest_;
  Monitor monitor_;
  int rounds_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // in vain, since a server has answered
  bool has_ended_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ROUND_PAUSE_H_
