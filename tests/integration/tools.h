// What the integration tests have in common: waiting for what happens, and looking at it.
#ifndef ZKLOCK_TESTS_INTEGRATION_TOOLS_H_
#define ZKLOCK_TESTS_INTEGRATION_TOOLS_H_

#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <future>
#include <thread>

#include "support/error_of.h"
#include "support/is_stopped.h"
#include "support/long_enough.h"
#include "support/recording_logger.h"
#include "support/recording_observer.h"
#include "support/soon.h"

namespace zklock::test {

/// Polls a condition that has no notification.
template <class Condition>
[[nodiscard]] bool becomes_true(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();  // leaves the processor to what it waits for
  }
  return true;
}

/// `lock` on a thread of its own. Its lease is unlocked by name: unlock(lease).
inline std::future<Lease> lock_async(Lock& lock, const Context& context = soon()) {
  return std::async(std::launch::async, [&lock, context] { return lock.lock(context); });
}

[[nodiscard]] inline bool is_ready(const std::future<Lease>& lease,
                                   std::chrono::milliseconds timeout = {}) {
  return lease.wait_for(timeout) == std::future_status::ready;
}

/// The lease, or an empty one if it is not granted in time: a test that fails still ends.
[[nodiscard]] inline Lease granted(std::future<Lease>& lease) {
  return is_ready(lease, kLongEnough) ? lease.get() : Lease();
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEGRATION_TOOLS_H_
