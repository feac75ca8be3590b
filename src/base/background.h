// background.h: the threads that all locks and clients of a process share.
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

  /// Notifies holders of their losses: stop callbacks of `lost()`, and observers. It has nothing
  /// else to do, and no holder delays another one.
  CallbackPool losses{"zklock-losses", kMostThreadsForLosses, timers};
  /// Runs watchers that are not prompt, and loggers on behalf of threads that must not block. Tasks
  /// run in order.
  CallbackPool watchers{"zklock-watchers", 1, timers};
  /// Ends leases at their TTL, and sends requests that are due. Its tasks never block, so it is on
  /// time. (The last member with threads: it is destroyed before the pools that its tasks use.)
  Executor timers{"zklock-timers"};

  /// Objects of other layers that the process shares, one of each type.
  ObjectsByType shared_objects;

  /// Ends the threads.
  void stop() noexcept {
    timers.stop();
    losses.stop();
    watchers.stop();
  }

  /// The instance that is in use, or a new one. It ends, in the background, with its last user.
  /// When the process exits, it is stopped before objects in static storage, which its tasks may
  /// use, are destroyed.
  static std::shared_ptr<Background> shared();
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_BACKGROUND_H_
