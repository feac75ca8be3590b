// The process that runs the command of `zklock run`, and ends it in time.
//
// It has nothing to do but that: no connection, no threads. So it goes on when zklock is killed,
// hangs or is stopped. It adopts what the command leaves behind, and knows when the last of it has
// ended.
#ifndef ZKLOCK_SRC_CLI_SUPERVISOR_H_
#define ZKLOCK_SRC_CLI_SUPERVISOR_H_

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/file_descriptor.h"
#include "cli/supervision.h"

namespace zklock::cli {

/// What to run, and in which surroundings.
struct SupervisedProgram {
  std::vector<std::string>
      command{};  // a program, looked for in PATH if it has no slash; arguments
  std::string lock_path{};
  sigset_t signal_mask{};  // the command's
};

class Supervisor {
 public:
  /// REQUIRES: the process has one thread, and no children.
  Supervisor(FileDescriptor client, SupervisedProgram program);

  /// Until the client (zklock) is gone, and no command runs.
  void serve();

 private:
  /// Of the command and all that it has started.
  enum class Phase {
    idle,  // there is none
    running,
    terminating,  // each has got SIGTERM
    killing,      // each has got SIGKILL
  };

  void obey_client();
  void start(const Order& order);
  void look_at_clock();
  void enter(Phase phase);
  bool signal_all(int signal);
  void terminate_new_ones();
  void wait_for_children();
  void note_change_of_command(int wait_status);
  void finish();
  void report(Report::Kind kind, int number = 0) const noexcept;
  void set_timer(BootTime when) const noexcept;

  FileDescriptor client_;  // none: it is gone
  const SupervisedProgram program_;
  const FileDescriptor child_signals_;
  const FileDescriptor timer_;

  Phase phase_ = Phase::idle;
  // Of the present command:
  RunLimits limits_{};
  BootTime kill_at_{};  // once it is terminating
  BootTime next_ask_{};
  pid_t command_ = 0;                 // also the number of its group
  std::optional<int> wait_status_{};  // when it has ended
  bool by_limits_ = false;
  bool has_reported_left_behind_ = false;
  bool is_group_terminated_ = false;  // it has got SIGTERM
  std::set<pid_t> terminated_{};      // children that have got it, or may have
  bool has_outlived_client_ = false;
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_SUPERVISOR_H_
