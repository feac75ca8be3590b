// What `zklock` does, as a function.
#ifndef ZKLOCK_SRC_CLI_DISPATCH_H_
#define ZKLOCK_SRC_CLI_DISPATCH_H_

#include "cli/command_line.h"

namespace zklock::cli {

/// Returns the exit status. What went wrong is on standard error. A signal may end the process at
/// any time: there is nothing to clean up.
[[nodiscard]] int dispatch(const Command& command);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_DISPATCH_H_
