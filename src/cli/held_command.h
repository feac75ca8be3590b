// Runs a command while a lock is held.
#ifndef ZKLOCK_SRC_CLI_HELD_COMMAND_H_
#define ZKLOCK_SRC_CLI_HELD_COMMAND_H_

#include <zklock/lock.h>

#include <sys/types.h>

#include "cli/command_line.h"
#include "cli/run_limits.h"
#include "cli/run_signals.h"
#include "cli/supervisor_process.h"
#include "cli/terminal.h"

namespace zklock::cli {

/// What became of it.
struct CommandEnd {
  int exit_status = 0;    // for a shell
  bool was_lost = false;  // the lease came to its end first, and the command was ended
  pid_t group = 0;        // of the command, if it was started
};

class HeldCommand {
 public:
  /// REQUIRES: the others outlive it.
  HeldCommand(const RunOptions& options, SupervisorProcess& supervisor, RunSignals& signals);

  /// Runs the command until it, and all that it has started, has ended. Ends it before the lease
  /// does. Throws std::invalid_argument if `--kill-after` does not fit the lease.
  [[nodiscard]] CommandEnd run(const Lease& lease);

 private:
  [[nodiscard]] CommandEnd follow(const Lease& lease, const RunMargins& margins);
  [[nodiscard]] CommandEnd end_of(const Report& report) const;
  [[nodiscard]] CommandEnd do_without_supervisor(bool was_lost);
  void follow_stop(int signal, pid_t group);

  const RunOptions& options_;
  SupervisorProcess& supervisor_;
  RunSignals& signals_;
  const Terminal terminal_{};
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_HELD_COMMAND_H_
