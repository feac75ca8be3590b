// `zklock break`: removes one claim, if the user agrees.
#ifndef ZKLOCK_SRC_CLI_BREAK_COMMAND_H_
#define ZKLOCK_SRC_CLI_BREAK_COMMAND_H_

#include "cli/command_line.h"
#include "cli/command_session.h"

namespace zklock::cli {

/// Returns the exit status. Throws LockError and OutputError.
[[nodiscard]] int run(const BreakOptions& options, const CommandSession& session);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_BREAK_COMMAND_H_
