// signals_blocked.h: keeps the application's signal handlers off the library's threads.
#ifndef ZKLOCK_SRC_BASE_SIGNALS_BLOCKED_H_
#define ZKLOCK_SRC_BASE_SIGNALS_BLOCKED_H_

#include <pthread.h>

#include <csignal>

namespace zklock::internal {

/// Blocks all signals of the calling thread during its lifetime. Threads that are started meanwhile
/// inherit that: the application's handlers never run on threads that it does not know.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_SIGNALS_BLOCKED_H_
