// open_calls.h: counts the calls that are under way, so that a destructor can wait for them.
#ifndef ZKLOCK_SRC_LOCK_OPEN_CALLS_H_
#define ZKLOCK_SRC_LOCK_OPEN_CALLS_H_

#include <zklock/context.h>

#include <atomic>

#include "base/context_wait.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// For all objects of a process: a lock has no condition variable of its own, which would be large.
struct CallEnds {
  Monitor monitor;
};

/// Thread safety: all of it may be called from any thread.
class OpenCalls {
 public:
  /// One call, for the scope of this object. REQUIRES: the caller keeps the OpenCalls alive.
  class Scope {
   public:
    explicit Scope(OpenCalls& calls) : calls_(calls) { ++calls_.count_; }
    ~Scope() {
      // Either this thread sees that another one waits, or that one sees the count.
      if (--calls_.count_ > 0 || !calls_.is_awaited_) return;
      Monitor& monitor = calls_.ends_.monitor;
      { const MutexLock lock(monitor.mutex); }
      monitor.changed->notify_all();
    }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    OpenCalls& calls_;
  };

  /// Blocks until no call is under way, or the context ends.
  void wait_for_all(const Context& context) {
    is_awaited_ = true;
    ContextWait wait(ends_.monitor, context);
    MutexLock lock(ends_.monitor.mutex);
    wait.wait(lock, [this] { return count_ == 0; });
  }

 private:
  CallEnds& ends_ = Platform::current().process_wide<CallEnds>();
  std::atomic<int> count_{0};
  std::atomic<bool> is_awaited_{false};  // from the first wait on
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_OPEN_CALLS_H_
