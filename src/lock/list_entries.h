// list_entries.h: reads the queue of a lock, for ZooKeeperLock::entries.
#ifndef ZKLOCK_SRC_LOCK_LIST_ENTRIES_H_
#define ZKLOCK_SRC_LOCK_LIST_ENTRIES_H_

#include <zklock/context.h>
#include <zklock/error.h>
#include <zklock/lock_entries.h>

#include <string>
#include <system_error>

#include "base/backoff.h"
#include "lock/lock_settings.h"

namespace zklock::internal {

/// The claim as it was read. `sequence`: the number in its name.
[[nodiscard]] LockEntry entry_of(std::int64_t sequence, const std::string& path,
                                 const Znode& znode);

/// The claims in the queue with their data, the holder first. Reads one claim after the other, and
/// leaves out those that are gone by then. Throws LockError.
[[nodiscard]] LockEntries list_entries(const LockSettings& settings, ClaimClient& client,
                                       const Context& context);

/// Pauses before another attempt to read the queue at `path`, or a part of it. Throws LockError if
/// there is none; `when_unanswered` if no server answered.
void pause_or_fail(Backoff& pause, const std::string& path, std::error_code error,
                   Errc when_unanswered, const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LIST_ENTRIES_H_
