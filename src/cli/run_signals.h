// The signals that `zklock run` gets: while it waits for the lock they are for zklock, and while
// the command runs they are for the command.
#ifndef ZKLOCK_SRC_CLI_RUN_SIGNALS_H_
#define ZKLOCK_SRC_CLI_RUN_SIGNALS_H_

#include <signal.h>

#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace zklock::cli {

/// Receives them on a thread of its own. Those that are ignored when the process begins stay
/// ignored.
class RunSignals {
 public:
  /// Blocks them in the calling thread, and in every thread that is started after that. Returns the
  /// mask before. REQUIRES: the process has no other thread yet.
  static sigset_t block();

  /// `forward`: sends a signal to the command. REQUIRES: block() was called.
  explicit RunSignals(std::function<void(int)> forward);
  ~RunSignals();
  RunSignals(const RunSignals&) = delete;
  RunSignals& operator=(const RunSignals&) = delete;

  /// Before this call the first of them ends the process: there is nothing to clean up yet. Later
  /// the first one requests stop, and a second one ends the process.
  void request_stop_on_first();

  /// Stop is requested by a signal that ends a program: also by one that is forwarded.
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
  void take(int signal);

  const std::function<void(int)> forward_;
  std::stop_source stop_source_;
  std::mutex mutex_;
  // Guarded by mutex_.
  Mode mode_ = Mode::end_process;
  int first_ = 0;
  bool is_stopping_ = false;  // the last of SIGTSTP and SIGCONT was SIGTSTP
  bool is_done_ = false;

  std::thread receiver_;  // last: it uses the others
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_RUN_SIGNALS_H_
