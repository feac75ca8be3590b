// open_calls.h: counts the calls that are under way, so that a destructor can wait for them.
#ifndef ZKLOCK_SRC_LOCK_OPEN_CALLS_H_
#define ZKLOCK_SRC_LOCK_OPEN_CALLS_H_

#include <zklock/context.h>

#include "base/context_wait.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// Thread safety: all of it may be called from any thread.
class OpenCalls {
 public:
  /// One call, for the scope of this object.
  class Scope {
   public:
    explicit Scope(OpenCalls& calls) : calls_(calls) {
      const MutexLock lock(calls_.monitor_.mutex);
      ++calls_.count_;
    }
    ~Scope() {
      {
        const MutexLock lock(calls_.monitor_.mutex);
        --calls_.count_;
      }
      calls_.monitor_.changed->notify_all();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    OpenCalls& calls_;
  };

  /// Blocks until no call is under way, or the context ends.
  void wait_for_all(const Context& context) {
    ContextWait wait(monitor_, context);
    MutexLock lock(monitor_.mutex);
    wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return count_ == 0; });
  }

 private:
  Monitor monitor_;
  int count_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_OPEN_CALLS_H_
