// zklock/callback_executor.h: where the library runs callbacks of the application's.
#ifndef ZKLOCK_CALLBACK_EXECUTOR_H_
#define ZKLOCK_CALLBACK_EXECUTOR_H_

#include <zklock/export.h>

#include <functional>

namespace zklock {

/// Runs callbacks that are not made on the thread of a call of the application's: stop callbacks of
/// Lease::lost, those events of a LockObserver that come "later", and watchers that are not prompt.
/// Implement it over the thread pool of your service, and set ClientOptions::callback_executor.
/// Without one, threads of the library run them.
///
/// Thread safety: `execute` is called from any thread, also from several at once, and never while
/// the library holds a mutex of its own.
class ZKLOCK_EXPORT CallbackExecutor {
 public:
  virtual ~CallbackExecutor();

  /// Runs `callback` once, on another thread, soon: a holder learns of its loss by it. Must return
  /// at once, as the network and the timers wait for it. `callback` does not throw, may block for
  /// as long as the application's own code in it, and may be dropped when the process exits. If
  /// this throws, a thread of the library runs the callback. Watchers are called in the order of
  /// the events only if the executor keeps the order. A lock that is destroyed does not wait for
  /// its callbacks.
  virtual void execute(std::function<void()> callback) = 0;

 protected:
  CallbackExecutor() = default;
  CallbackExecutor(const CallbackExecutor&) = default;
  CallbackExecutor& operator=(const CallbackExecutor&) = default;
};

}  // namespace zklock

#endif  // ZKLOCK_CALLBACK_EXECUTOR_H_
