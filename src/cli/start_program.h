// Starts a program in a process group of its own.
#ifndef ZKLOCK_SRC_CLI_START_PROGRAM_H_
#define ZKLOCK_SRC_CLI_START_PROGRAM_H_

#include <signal.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

namespace zklock::cli {

struct StartedProgram {
  pid_t process = 0;  // 0: not started
  int error = 0;      // why not: an errno
};

/// The program has of this process: standard input, output and error, and no other descriptor; the
/// environment, with `variables` (names and values); and how signals are handled. It has the signal
/// mask `mask`. It is killed when this process ends. REQUIRES: the process has one thread.
[[nodiscard]] StartedProgram start_program(
    const std::vector<std::string>& command,
    const std::vector<std::pair<std::string, std::string>>& variables, const sigset_t& mask);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_START_PROGRAM_H_
