// `zklock ls`: shows who holds a lock and who waits for it, or all locks below a path.
#ifndef ZKLOCK_SRC_CLI_LIST_COMMAND_H_
#define ZKLOCK_SRC_CLI_LIST_COMMAND_H_

#include "cli/command_line.h"
#include "cli/command_session.h"

namespace zklock::cli {

/// Returns the exit status. Throws LockError and OutputError.
[[nodiscard]] int run(const ListOptions& options, const CommandSession& session);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_LIST_COMMAND_H_
