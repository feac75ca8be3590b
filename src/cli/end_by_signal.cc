#include "cli/end_by_signal.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>

namespace zklock::cli {
namespace {

std::atomic<int> last_signal{0};

void end_process() {
  const int signal = last_signal;
  if (signal == 0) return;
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  ::raise(signal);
  ::pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

}  // namespace

void prepare_to_end_by_signal() { static_cast<void>(std::atexit(end_process)); }

void end_by_signal(int signal) noexcept { last_signal = signal; }

}  // namespace zklock::cli
