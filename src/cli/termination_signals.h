// SIGINT and SIGTERM as a stop token.
#ifndef ZKLOCK_SRC_CLI_TERMINATION_SIGNALS_H_
#define ZKLOCK_SRC_CLI_TERMINATION_SIGNALS_H_

#include <csignal>

#include <atomic>
#include <stop_token>
#include <thread>

namespace zklock::cli {

/// Receives SIGINT and SIGTERM on a thread of its own, where, unlike in a signal handler,
/// everything may be done. The first signal requests stop; a second one, from somebody who is tired
/// of waiting for what the first one began, ends the process at once.
class TerminationSignals {
 public:
  /// Blocks the signals for the calling thread, and so for all that it and they start from now on.
  /// REQUIRES: the process has no other thread yet that could receive them.
  TerminationSignals();

  /// Gives the signals back to whoever had them before.
  ~TerminationSignals();

  TerminationSignals(const TerminationSignals&) = delete;
  TerminationSignals& operator=(const TerminationSignals&) = delete;

  /// Until this has been called, already the first signal ends the process at once: while there is
  /// nothing to clean up.
  void request_stop_on_first() noexcept { is_graceful_ = true; }

  /// Stop is requested by the first signal.
  [[nodiscard]] std::stop_token stop_token() const noexcept { return stop_source_.get_token(); }

  /// The first signal, 0 if there was none.
  [[nodiscard]] int first() const noexcept { return first_; }

 private:
  void receive();

  sigset_t signals_{};
  sigset_t mask_before_{};
  std::atomic<bool> is_graceful_ = false;
  std::atomic<int> first_ = 0;
  std::atomic<bool> is_done_ = false;
  std::stop_source stop_source_;
  std::thread receiver_;  // last: it uses the others
};

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_TERMINATION_SIGNALS_H_
