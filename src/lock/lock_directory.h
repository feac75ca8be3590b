// lock_directory.h: makes the directory that a lock queues in.
#ifndef ZKLOCK_SRC_LOCK_LOCK_DIRECTORY_H_
#define ZKLOCK_SRC_LOCK_LOCK_DIRECTORY_H_

#include <zklock/acl.h>
#include <zklock/context.h>
#include <zklock/zookeeper_client.h>

#include <string>
#include <system_error>

namespace zklock::internal {

struct DirectoryResult {
  std::error_code error{};  // none: the directory exists
  std::string path{};       // the directory, or the parent, that could not be made
};

/// Creates `path`, and the parents that are missing. Begins with the innermost: the client may have
/// no permission to create parents that exist already. For the same reason, a directory that may
/// not be created but exists will do. Tries again after retryable errors, until the context ends.
/// REQUIRES: no path_problem.
[[nodiscard]] DirectoryResult create_lock_directory(ZooKeeperClient& client,
                                                    const std::string& path, const Acl& acl,
                                                    const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LOCK_DIRECTORY_H_
