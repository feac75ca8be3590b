// signals_blocked.h: keeps the application's signal handlers off the library's threads, except
// where these run its callbacks.
#ifndef ZKLOCK_SRC_BASE_SIGNALS_BLOCKED_H_
#define ZKLOCK_SRC_BASE_SIGNALS_BLOCKED_H_

#include <pthread.h>

#include <csignal>

namespace zklock::internal {

/// Blocks the signals of the calling thread during its lifetime. Threads that are started meanwhile
/// inherit that: the application's handlers do not run on threads that it does not know. Signals
/// that the thread itself causes by a fault stay open, so that a crash handler sees the crash of a
/// callback.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t blocked;
    sigfillset(&blocked);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
      sigdelset(&blocked, fault);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

/// The signals that are blocked where the application uses the library: its callbacks run with the
/// same, and so do the programs that it starts from one.
class SignalMask {
 public:
  /// That of the calling thread.
  SignalMask() noexcept { pthread_sigmask(SIG_SETMASK, nullptr, &signals_); }

  /// The calling thread has this mask during the lifetime of the scope.
  class Scope {
   public:
    explicit Scope(const SignalMask& mask) noexcept {
      pthread_sigmask(SIG_SETMASK, &mask.signals_, &before_);
    }
    ~Scope() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    sigset_t before_{};
  };

 private:
  sigset_t signals_{};
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_SIGNALS_BLOCKED_H_
