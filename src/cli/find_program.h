// Looks for a program before there is any need for it.
#ifndef ZKLOCK_SRC_CLI_FIND_PROGRAM_H_
#define ZKLOCK_SRC_CLI_FIND_PROGRAM_H_

#include <string>

namespace zklock::cli {

/// Whether exec would find it: 0, or the errno. A name without a slash is looked for in PATH.
/// REQUIRES: the process has one thread.
[[nodiscard]] int find_program(const std::string& name);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_FIND_PROGRAM_H_
