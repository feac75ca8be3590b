// round_pause.h: the pauses between rounds of attempts to connect, while no server answers.
#ifndef ZKLOCK_SRC_WIRE_ROUND_PAUSE_H_
#define ZKLOCK_SRC_WIRE_ROUND_PAUSE_H_

#include <chrono>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// When a handle has come to the end of its list of servers, libzookeeper begins again after a
/// sixtieth of the session timeout, however long that goes on, and so do all clients that lost the
/// same servers at the same time. This adds a pause to each round but the first, which doubles up
/// to a second or a tenth of the timeout, with jitter: so they neither flood servers that come
/// back, nor march in step afterwards. (The first round may have begun at the end of the list.)
///
/// Thread safety: all functions may be called from any thread.
class RoundPause {
 public:
  explicit RoundPause(std::chrono::milliseconds session_timeout);

  /// Blocks until the pause is over, or `end` is called. On the handle's network thread, which has
  /// nothing else to do.
  void wait() noexcept;
  /// A server has answered, and granted this timeout: the next round has no pause.
  void begin_anew(std::chrono::milliseconds session_timeout) noexcept;
  /// The handle is to be closed, which waits for its thread: there are no more pauses.
  void end() noexcept;

  /// No pause is longer.
  [[nodiscard]] std::chrono::nanoseconds longest() const noexcept;

 private:
  mutable Monitor monitor_;
  std::chrono::nanoseconds timeout_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  int rounds_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // in vain, since a server has answered
  bool has_ended_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ROUND_PAUSE_H_
