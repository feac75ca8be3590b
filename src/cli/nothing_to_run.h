// A command line that leaves nothing to do.
#ifndef ZKLOCK_SRC_CLI_NOTHING_TO_RUN_H_
#define ZKLOCK_SRC_CLI_NOTHING_TO_RUN_H_

#include <string>

namespace zklock::cli {

/// The user asked for help or for the version, or the flags are wrong.
struct NothingToRun {
  int exit_status = 0;
  /// To print: to standard output if `exit_status` is 0, otherwise to standard error.
  std::string text{};
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_NOTHING_TO_RUN_H_
