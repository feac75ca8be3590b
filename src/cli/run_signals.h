// The signals that `zklock run` gets: while it waits for the lock they are for zklock, and while
// the command runs they are for the command.
#ifndef ZKLOCK_SRC_CLI_RUN_SIGNALS_H_
#define ZKLOCK_SRC_CLI_RUN_SIGNALS_H_

#include <signal.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace zklock::cli {

/// Receives them on a thread of its own. Those that are ignored when the process begins (nohup)
/// stay so.
class RunSignals {
 public:
  struct Blocked {
    sigset_t taken{};  // those that are received
    sigset_t mask_before{};
  };

  /// Blocks them in the calling thread, and in every thread that is started after that. And
  /// SIGTTOU, so that zklock can write to a terminal that it has given to the command. REQUIRES:
  /// the process has no other thread yet.
  static Blocked block();

  /// `forward`: sends a signal to the command.
  RunSignals(const Blocked& blocked, std::function<void(int)> forward);
  ~RunSignals();
  RunSignals(const RunSignals&) = delete;
  RunSignals& operator=(const RunSignals&) = delete;

  /// Before this call the first of them ends the process: there is nothing to clean up yet. Later
  /// the first one requests stop, and a further one ends the process, for a user who does not want
  /// to wait for that. Not if it follows at once: signals often come in pairs.
  void request_stop_on_first();

  /// Stop is requested by a signal that ends a program. By one that is forwarded only if it says
  /// that the work is over: not by SIGHUP, by which services read their configuration again.
  [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_source_.get_token(); }

  /// The first that has requested stop; 0: none has.
  [[nodiscard]] int first();

  /// Calls `start`, and forwards all further signals. False, and `start` is not called: a signal
  /// was first.
  [[nodiscard]] bool start_forwarding(const std::function<void()>& start);
  void end_forwarding();

  /// Calls `go_on`, which continues the command. False, and it is not called: SIGTSTP has been
  /// forwarded, which that would undo.
  [[nodiscard]] bool unless_stopping(const std::function<void()>& go_on);

 private:
  enum class Mode { end_process, request_stop, forward };

  void receive();
  [[nodiscard]] bool take(int signal);

  const sigset_t taken_;
  const std::function<void(int)> forward_;
  std::stop_source stop_source_;
  std::atomic<bool> is_ending_{false};
  std::mutex mutex_;
  // Guarded by mutex_.
  Mode mode_ = Mode::end_process;
  int first_ = 0;
  std::chrono::steady_clock::time_point first_time_{};
  bool is_stopping_ = false;  // the last of SIGTSTP and SIGCONT was SIGTSTP

  std::thread receiver_;  // last: it uses the others
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_SIGNALS_H_
