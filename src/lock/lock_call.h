// lock_call.h: the state that all parts of one call of `lock` share.
#ifndef ZKLOCK_SRC_LOCK_LOCK_CALL_H_
#define ZKLOCK_SRC_LOCK_LOCK_CALL_H_

#include <zklock/context.h>

#include <memory>
#include <string>

#include "base/backoff.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "lock/lock_settings.h"
#include "lock/queue_ahead.h"
#include "lock/uncontended_path.h"
#include "queue/holder_memory.h"

namespace zklock::internal {

/// Of the thread that calls `lock`. The monitor's mutex guards the events of watches. `memory` and
/// `uncontended_path` are shared with the other calls of the lock, and outlive this one.
struct LockCall {
  const std::shared_ptr<const LockSettings> settings;
  HolderMemory& memory;
  UncontendedPath& uncontended_path;
  const std::string owner;
  const Context context;
  const std::string trace{};
  // Watches notify the thread here. They may outlive the call.
  const std::shared_ptr<Monitor> monitor = std::make_shared<Monitor>();
  QueueAhead ahead{};
  Backoff retry_backoff{};  // between requests that fail one after the other
  // Keeps the session certain while a grant may be near. A call that queues anew keeps it until it
  // knows its new place.
  std::shared_ptr<void> reliance{};
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LOCK_CALL_H_
