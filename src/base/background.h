// background.h: what the locks and clients of a process share: threads, mostly.
#ifndef ZKLOCK_SRC_BASE_BACKGROUND_H_
#define ZKLOCK_SRC_BASE_BACKGROUND_H_

#include <zklock/export.h>

#include <cstddef>
#include <memory>

#include "base/callback_pool.h"
#include "base/executor.h"
#include "base/objects_by_type.h"

namespace zklock::internal {

struct ZKLOCK_EXPORT Background {
  static constexpr std::size_t kMostThreadsForLosses = 16;

  /// Runs what leases have to tell their holders: stop callbacks of `lost()`, observers. Nothing
  /// else is to hold that up, nor one holder the other.
  CallbackPool losses{"zklock-losses", kMostThreadsForLosses, timers};
  /// Runs watchers that are not prompt, and loggers on behalf of threads that must not block: in
  /// order.
  CallbackPool watchers{"zklock-watchers", 1, timers};
  /// Never blocks, so it is on time: ends leases at their TTL, sends what is due. (Last: it is
  /// destroyed before what its tasks use.)
  Executor timers{"zklock-timers"};

  /// What other layers share in the process, an object of each type.
  ObjectsByType shared_objects;

  /// Ends the threads.
  void stop() noexcept {
    timers.stop();
    losses.stop();
    watchers.stop();
  }

  /// The one that is in use, or a new one. It ends, in the background, with its last user; when the
  /// process exits it is stopped before objects in static storage are destroyed, which its tasks
  /// may use.
  static std::shared_ptr<Background> shared();
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_BACKGROUND_H_
