// Runs a command while a lock is held.
#ifndef ZKLOCK_SRC_CLI_HELD_COMMAND_H_
#define ZKLOCK_SRC_CLI_HELD_COMMAND_H_

#include <zklock/lock.h>

#include <sys/types.h>

#include <optional>

#include "cli/command_line.h"
#include "cli/run_end.h"
#include "cli/run_limits.h"
#include "cli/run_signals.h"
#include "cli/supervisor_process.h"
#include "cli/terminal.h"

namespace zklock::cli {

/// What became of it.
struct CommandEnd {
  RunEnd end{};
  bool was_lost = false;  // the lease came to its end first, and the command was ended
  bool has_started = true;
};

class HeldCommand {
 public:
  /// REQUIRES: the others outlive it.
  HeldCommand(const RunOptions& options, SupervisorProcess& supervisor, RunSignals& signals);

  /// Runs the command until it, and all that it has started, has ended. Ends it before the lease
  /// does. Throws std::invalid_argument if `--kill-after` does not fit the lease.
  [[nodiscard]] CommandEnd run(const Lease& lease);

 private:
  [[nodiscard]] CommandEnd start_and_follow(const Lease& lease, const RunMargins& margins);
  [[nodiscard]] CommandEnd follow(const Lease& lease, const RunMargins& margins);
  [[nodiscard]] std::optional<Report> next_report(const Lease& lease, const RunMargins& margins,
                                                  int loss) const;
  [[nodiscard]] CommandEnd end_of(const Report& report) const;
  void follow_stop(int signal);
  void take_terminal_back();

  const RunOptions& options_;
  SupervisorProcess& supervisor_;
  RunSignals& signals_;
  const Terminal terminal_{};

  // Of the present command:
  pid_t group_ = 0;
  bool has_given_terminal_ = false;
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_HELD_COMMAND_H_
