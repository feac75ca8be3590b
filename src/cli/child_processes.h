// The children of this process, also those that it has adopted (PR_SET_CHILD_SUBREAPER).
//
// Only children are looked at, not their children: the process id of a child stays its own until
// its parent has waited for it, so a signal cannot hit another process that has got the same
// number. When a child ends, those that it leaves behind become children of this process.
#ifndef ZKLOCK_SRC_CLI_CHILD_PROCESSES_H_
#define ZKLOCK_SRC_CLI_CHILD_PROCESSES_H_

#include <sys/types.h>

#include <vector>

namespace zklock::cli {

/// From now on this process adopts what its descendants leave behind.
void adopt_orphans() noexcept;

struct ChildProcess {
  pid_t process = 0;
  pid_t group = 0;
};

/// All of them, also those that have ended, until somebody waits for them. Empty without /proc.
[[nodiscard]] std::vector<ChildProcess> child_processes();

/// Kills the children that are not in `spared`, those that they leave behind, and so on, and waits
/// for the last of them.
void kill_children_except(const std::vector<ChildProcess>& spared);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_CHILD_PROCESSES_H_
