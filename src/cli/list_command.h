// What `zklock ls` does.
#ifndef ZKLOCK_SRC_CLI_LIST_COMMAND_H_
#define ZKLOCK_SRC_CLI_LIST_COMMAND_H_

#include "cli/command_line.h"
#include "cli/commands.h"

namespace zklock::cli {

/// With `options.watch` it goes on until the process is ended. Returns the exit status, and throws
/// LockError.
[[nodiscard]] int list_queues(const ListOptions& options, const Session& session);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_LIST_COMMAND_H_
