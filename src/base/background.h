// background.h: the threads that all locks and clients of a process share.
#ifndef ZKLOCK_SRC_BASE_BACKGROUND_H_
#define ZKLOCK_SRC_BASE_BACKGROUND_H_

#include <zklock/export.h>

#include <cstddef>
#include <memory>

#include "base/callback_pool.h"
#include "base/executor.h"
#include "base/exit_list.h"
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
  /// What has to be ended before the process exits.
  ExitList ends_at_exit;

  /// The instance that is in use, or a new one. It ends, in the background, with its last user.
  /// Throws std::system_error if there is no thread for it.
  ///
  /// When the process exits, everything ends before objects in static storage, which tasks may use,
  /// are destroyed: first what is in `ends_at_exit`, then the threads. All of it takes about a
  /// second at most. A thread that is in code of the user's by then is left behind.
  static std::shared_ptr<Background> shared();
  /// Makes sure of that, also for those who only close something.
  static void end_when_the_process_exits() noexcept;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_BACKGROUND_H_
