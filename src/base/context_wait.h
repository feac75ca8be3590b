// context_wait.h: waits for a condition until the deadline or the cancellation of a Context.
#ifndef ZKLOCK_SRC_BASE_CONTEXT_WAIT_H_
#define ZKLOCK_SRC_BASE_CONTEXT_WAIT_H_

#include <zklock/context.h>
#include <zklock/error.h>

#include <algorithm>
#include <list>
#include <stop_token>
#include <system_error>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

enum class WaitEnd { ready, deadline, canceled };

/// The error of an operation whose wait has ended so; no error for `ready`.
inline std::error_code error_of(WaitEnd end) noexcept {
  switch (end) {
    case WaitEnd::canceled:
      return ZooKeeperErrc::canceled;
    case WaitEnd::deadline:
      return ZooKeeperErrc::operation_timeout;
    case WaitEnd::ready:
      break;
  }
  return {};
}

/// During its lifetime, cancellation of the context wakes the monitor's waiters.
///
/// Construct and destroy it while not holding the monitor's mutex: the stop callbacks take it, and
/// ending them waits for one that is running.
class ContextWait {
 public:
  ContextWait(Monitor& monitor, const Context& context) : monitor_(monitor), context_(context) {
    for (const std::stop_token& token : context.stop_tokens()) {
      if (token.stop_possible()) callbacks_.emplace_back(token, Wake{monitor_});
    }
  }
  ~ContextWait() = default;
  ContextWait(const ContextWait&) = delete;
  ContextWait& operator=(const ContextWait&) = delete;

  /// Blocks until `ready()`, which is called with the mutex held. A condition that is ready counts,
  /// even if the deadline has passed or the context is cancelled.
  template <class Ready>
  WaitEnd wait(MutexLock& lock, const Ready& ready) ZKLOCK_NOT_ANALYZED {
    return wait_until(lock, SteadyTime::max(), ready);
  }

  /// The same, but `deadline` counts too if it is earlier than the context's. (Not analyzed: the
  /// mutex that `ready` requires is this one, by a name of the caller's.)
  template <class Ready>
  WaitEnd wait_until(MutexLock& lock, SteadyTime deadline, const Ready& ready) ZKLOCK_NOT_ANALYZED {
    const SteadyTime end = std::min(deadline, context_.deadline().value_or(SteadyTime::max()));
    while (!ready()) {
      if (context_.canceled()) return WaitEnd::canceled;
      if (end == SteadyTime::max()) {
        monitor_.changed->wait(lock);
        continue;
      }
      if (Platform::current().steady_now() >= end) return WaitEnd::deadline;
      monitor_.changed->wait_until(lock, end);
    }
    return WaitEnd::ready;
  }

 private:
  struct Wake {
    Monitor& monitor;
    void operator()() const noexcept {
      { const MutexLock lock(monitor.mutex); }  // the waiter is waiting, or will see the request
      monitor.changed->notify_all();
    }
  };

  Monitor& monitor_;
  const Context& context_;
  std::list<std::stop_callback<Wake>> callbacks_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_CONTEXT_WAIT_H_
