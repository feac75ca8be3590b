// `zklock run`: runs a command while a lock is held.
#ifndef ZKLOCK_SRC_CLI_RUN_COMMAND_H_
#define ZKLOCK_SRC_CLI_RUN_COMMAND_H_

#include "cli/command_line.h"

namespace zklock::cli {

/// Returns the exit status. Throws LockError; std::invalid_argument for options that do not fit the
/// session; std::system_error. REQUIRES: the process has one thread.
[[nodiscard]] int run(const RunOptions& options, const Command& command);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_COMMAND_H_
