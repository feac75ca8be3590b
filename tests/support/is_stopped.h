// is_stopped.h: waits for a stop token.
#ifndef ZKLOCK_TESTS_SUPPORT_IS_STOPPED_H_
#define ZKLOCK_TESTS_SUPPORT_IS_STOPPED_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

#include "support/long_enough.h"

namespace zklock::test {

/// Waits until stop is requested. False: not in time.
[[nodiscard]] inline bool is_stopped(const std::stop_token& token,
                                     std::chrono::milliseconds timeout = kLongEnough) {
  std::mutex mutex;
  std::condition_variable changed;
  const std::stop_callback callback(token, [&] {
    const std::scoped_lock lock(mutex);
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, timeout, [&] { return token.stop_requested(); });
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_IS_STOPPED_H_
