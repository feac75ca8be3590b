// Takes a lock, runs a command under it, and gives the lock back: once, or again and again.
#ifndef ZKLOCK_SRC_CLI_LOCK_HOLDER_H_
#define ZKLOCK_SRC_CLI_LOCK_HOLDER_H_

#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <optional>
#include <stop_token>
#include <string>

#include "cli/command_line.h"
#include "cli/command_session.h"
#include "cli/held_command.h"
#include "cli/run_end.h"
#include "cli/run_signals.h"
#include "cli/supervisor_process.h"
#include "cli/waiting_report.h"

namespace zklock::cli {

class LockHolder {
 public:
  /// REQUIRES: the others outlive it.
  LockHolder(const RunOptions& options, const CommandSession& session,
             SupervisorProcess& supervisor, RunSignals& signals);

  /// Throws std::invalid_argument if an option does not fit the session.
  [[nodiscard]] RunEnd run(const Context& context);

 private:
  [[nodiscard]] RunEnd hold_once(const Context& asked);
  [[nodiscard]] LockedWork work();
  [[nodiscard]] bool run_command(const Lease& lease);
  [[nodiscard]] RunEnd explain(const LockError& error);
  [[nodiscard]] std::string obstacle(const LockError& error) const;
  [[nodiscard]] bool is_stopped_since_the_end() const;
  [[nodiscard]] bool may_go_on(int status) const;
  void say_what_happens(const std::string& text) const;

  const RunOptions& options_;
  const CommandSession& session_;
  const SupervisorProcess& supervisor_;
  RunSignals& signals_;
  HeldCommand command_;
  ZooKeeperLock lock_;

  // Of the present wait and grant:
  std::optional<WaitingReport> report_{};
  std::optional<CommandEnd> end_{};
  int signal_of_command_ = 0;   // that came while it ran; 0: none
  std::stop_source no_hold_{};  // ends `--min-hold`: nothing was started

  int last_failure_ = 0;  // an exit status
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_LOCK_HOLDER_H_
