#include "cli/end_by_signal.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

#include "cli/signal_status.h"

namespace zklock::cli {
namespace {

std::atomic<int> last_signal{0};

/// Returns if the signal cannot end this process, which may be the first of a container.
void raise_unhandled(int signal) noexcept {
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::raise(signal);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

void end_process() {
  if (const int signal = last_signal) raise_unhandled(signal);
}

}  // namespace

void prepare_to_end_by_signal() { static_cast<void>(std::atexit(end_process)); }

void end_by_signal(int signal) noexcept { last_signal = signal; }

void end_by_signal_at_once(int signal) noexcept {
  raise_unhandled(signal);
  ::_exit(exit_status_of_signal(signal));
}

}  // namespace zklock::cli
