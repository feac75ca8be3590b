// The supervisor, as `zklock run` sees it.
#ifndef ZKLOCK_SRC_CLI_SUPERVISOR_PROCESS_H_
#define ZKLOCK_SRC_CLI_SUPERVISOR_PROCESS_H_

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/child_processes.h"
#include "cli/file_descriptor.h"
#include "cli/supervision.h"
#include "cli/supervisor.h"

namespace zklock::cli {

/// Thread safety: the orders may be given by any thread, while one thread reads the reports.
class SupervisorProcess {
 public:
  /// Starts it. From now on this process adopts what the supervisor may leave behind. REQUIRES: the
  /// process has one thread. Throws std::system_error.
  explicit SupervisorProcess(const SupervisedProgram& program);
  /// Ends it. REQUIRES: no command runs.
  ~SupervisorProcess();
  SupervisorProcess(const SupervisorProcess&) = delete;
  SupervisorProcess& operator=(const SupervisorProcess&) = delete;

  void start(const RunLimits& limits, std::int64_t fencing_token, const std::string& znode) const;
  void signal(int number) const noexcept;
  void extend(const RunLimits& limits) const noexcept;
  void kill_command() const noexcept;

  /// Waits until next_report() has something. False: it has not yet; then the time is over, or the
  /// descriptor `wake` is readable (-1: there is none).
  [[nodiscard]] bool wait_for_report(std::chrono::nanoseconds timeout, int wake) const noexcept;
  /// Waits for a report. None: the supervisor has ended.
  [[nodiscard]] std::optional<Report> next_report() const noexcept;

  /// For a supervisor that is stopped, or has been killed: kills it, and all that it has started.
  /// Afterwards none of them runs, and no further command can be started.
  void end_all();
  [[nodiscard]] bool has_ended() const noexcept { return process_ == 0; }

 private:
  FileDescriptor socket_;
  // Of a program that has become zklock by exec.
  const std::vector<ChildProcess> others_ = child_processes();
  pid_t process_ = 0;  // 0: it has ended, and was waited for
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_SUPERVISOR_PROCESS_H_
