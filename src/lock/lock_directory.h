// lock_directory.h: makes the directory that a lock queues in.
#ifndef ZKLOCK_SRC_LOCK_LOCK_DIRECTORY_H_
#define ZKLOCK_SRC_LOCK_LOCK_DIRECTORY_H_

#include <zklock/context.h>

#include <string>
#include <system_error>

#include "lock/lock_settings.h"

namespace zklock::internal {

struct DirectoryResult {
  std::error_code error{};  // none: the directory exists
  std::string path{};       // the directory, or the parent, that could not be made
};

/// Creates the lock's path, and the parents that are missing; those are persistent. So is the path
/// itself where client or servers have no containers. Begins with the innermost: the client may
/// have no permission to create parents that exist already. For the same reason, a directory that
/// may not be created but exists will do. Tries again after retryable errors, until the context
/// ends. `client`: the one that needs it, as another one may have no connection.
[[nodiscard]] DirectoryResult create_lock_directory(const LockSettings& settings,
                                                    ClaimClient& client, const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LOCK_DIRECTORY_H_
