// What `zklock` does, as a function.
#ifndef ZKLOCK_SRC_CLI_RUN_COMMAND_H_
#define ZKLOCK_SRC_CLI_RUN_COMMAND_H_

#include "cli/command_line.h"
#include "cli/termination_signals.h"

namespace zklock::cli {

/// Returns the exit status. What went wrong is on standard error.
[[nodiscard]] int run_command(const Command& command, TerminationSignals& signals);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_COMMAND_H_
