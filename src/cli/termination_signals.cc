#include "cli/termination_signals.h"

#include "cli/signal_status.h"

#include <pthread.h>
#include <unistd.h>

namespace zklock::cli {

TerminationSignals::TerminationSignals() {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals_, &mask_before_);
  receiver_ = std::thread([this] { receive(); });
}

TerminationSignals::~TerminationSignals() {
  is_done_ = true;
  // NOLINTNEXTLINE(bugprone-bad-signal-to-kill-thread): the thread lives, and sigwait takes it
  pthread_kill(receiver_.native_handle(), SIGTERM);
  receiver_.join();
  pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

void TerminationSignals::receive() {
  for (;;) {
    int signal = 0;
    sigwait(&signals_, &signal);  // fails only if the set is invalid
    if (is_done_) return;
    if (!is_graceful_ || first_ != 0) _exit(exit_status_of_signal(signal));
    first_ = signal;
    stop_source_.request_stop();
  }
}

}  // namespace zklock::cli
