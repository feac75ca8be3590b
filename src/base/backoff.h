// backoff.h: the growing, jittered pause between attempts at something that keeps failing.
#ifndef ZKLOCK_SRC_BASE_BACKOFF_H_
#define ZKLOCK_SRC_BASE_BACKOFF_H_

#include <zklock/context.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/context_wait.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// None after the first failure, then 10 ms, doubling up to a second; each spread over its upper
/// half, so that those who failed together do not come back together. What is waited for is an
/// event (a connection, say) in most cases; this keeps the others from spinning.
class Backoff {
 public:
  /// Returns when the pause, or the context, is over.
  void wait(const Context& context) {
    const int failures = failures_++;
    if (failures == 0) return;
    const std::chrono::nanoseconds longest =
        std::min<std::chrono::nanoseconds>(kFirst * (1 << std::min(failures - 1, 10)), kLongest);
    const auto half = static_cast<std::uint64_t>(longest.count() / 2);
    const auto jitter = static_cast<std::int64_t>(Platform::current().random() % (half + 1));
    Monitor monitor;
    ContextWait wait(monitor, context);
    MutexLock lock(monitor.mutex);
    wait.wait_until(lock,
                    Platform::current().steady_now() + longest - std::chrono::nanoseconds(jitter),
                    [] { return false; });
  }

 private:
  static constexpr std::chrono::milliseconds kFirst{10};
  static constexpr std::chrono::milliseconds kLongest{1'000};

  int failures_ = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_BACKOFF_H_
