// wait_for_change.h: waits for another holder, for ZooKeeperLock::wait_for_change.
#ifndef ZKLOCK_SRC_LOCK_WAIT_FOR_CHANGE_H_
#define ZKLOCK_SRC_LOCK_WAIT_FOR_CHANGE_H_

#include <zklock/context.h>
#include <zklock/lock_entries.h>

#include "lock/lock_settings.h"

namespace zklock::internal {

/// Returns the queue once its holder is another one than that of `known`. Throws LockError.
[[nodiscard]] LockEntries wait_for_change(const LockSettings& settings, const LockEntries& known,
                                          const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_WAIT_FOR_CHANGE_H_
