// SIGINT and SIGTERM as a stop token.
#ifndef ZKLOCK_SRC_CLI_TERMINATION_SIGNALS_H_
#define ZKLOCK_SRC_CLI_TERMINATION_SIGNALS_H_

#include <csignal>

#include <atomic>
#include <stop_token>
#include <thread>

namespace zklock::cli {

/// Receives SIGINT and SIGTERM on its own thread, which may call any function; a signal handler may
/// not. The first signal requests a stop. A second one ends the process immediately, for a user who
/// does not want to wait for the cleanup.
class TerminationSignals {
 public:
  /// Blocks the signals in the calling thread, and in every thread started after that.
  /// REQUIRES: the process has no other thread yet, which could receive them.
  TerminationSignals();

  /// Restores the signal mask of the calling thread.
  ~TerminationSignals();

  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  /// Before this call even the first signal ends the process immediately: there is nothing to clean
  /// up yet.
  void request_stop_on_first() noexcept { is_graceful_ = true; }

  /// The first signal requests a stop.
  [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_source_.get_token(); }

  /// The first signal, or 0 if none has come.
  [[nodiscard]] int first() const noexcept { return first_; }

 private:
  void receive();

  sigset_t signals_{};
  sigset_t mask_before_{};
  std::atomic<bool> is_graceful_ = false;
  std::atomic<int> first_ = 0;
  std::atomic<bool> is_done_ = false;
  std::stop_source stop_source_;
  std::thread receiver_;  // last, since it uses the others
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_TERMINATION_SIGNALS_H_
