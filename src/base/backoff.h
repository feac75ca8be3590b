// backoff.h: growing, jittered pauses between attempts at an operation that keeps failing.
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

/// The pause after so many failures in a row: `first`, doubled with each further one up to
/// `longest`, and spread over its upper half, so that clients that failed together do not return
/// together. REQUIRES: failures > 0.
template <class Duration>
[[nodiscard]] Duration backoff_pause(int failures, Duration first, Duration longest) {
  constexpr int kMostDoublings = 10;
  const Duration pause =
      std::min<Duration>(first * (1 << std::min(failures - 1, kMostDoublings)), longest);
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  const std::uint64_t jitter = Platform::current().random() % (half + 1);
  return pause - Duration(static_cast<typename Duration::rep>(jitter));
}

/// Of one operation with a context. Usually the next attempt waits for an event, such as a
/// connection, so the first failure has no pause; the further ones keep the others from spinning.
class Backoff {
 public:
  /// Returns at the end of the pause, or of the context.
  void wait(const Context& context) {
    const int failures = failures_++;
    if (failures == 0) return;
    const std::chrono::nanoseconds pause = backoff_pause(failures, kFirst, kLongest);
    Monitor monitor;
    ContextWait wait(monitor, context);
    MutexLock lock(monitor.mutex);
    wait.wait_until(lock, Platform::current().steady_now() + pause, [] { return false; });
  }

 private:
  static constexpr std::chrono::nanoseconds kFirst = std::chrono::milliseconds(10);
  static constexpr std::chrono::nanoseconds kLongest = std::chrono::seconds(1);

  int failures_ = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_BACKOFF_H_
