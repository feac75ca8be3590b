// thread_order.h: for tests of virtual time: which thread goes on, in which order.
#ifndef ZKLOCK_TESTS_UNIT_TESTING_THREAD_ORDER_H_
#define ZKLOCK_TESTS_UNIT_TESTING_THREAD_ORDER_H_

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/platform.h"

namespace zklock::internal {

/// Names, in the order in which threads note them.
class Order {
 public:
  void note(const std::string& name) {
    const std::scoped_lock lock(mutex_);
    names_.push_back(name);
  }
  [[nodiscard]] std::vector<std::string> names() const {
    const std::scoped_lock lock(mutex_);
    return names_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;  // guarded by mutex_
};

/// Waits until `deadline`, by the platform's clock.
inline void wait_until(Platform& platform, SteadyTime deadline) {
  internal::Mutex mutex;
  const std::unique_ptr<Condition> condition = platform.make_condition();
  internal::MutexLock lock(mutex);
  while (platform.steady_now() < deadline) condition->wait_until(lock, deadline);
}

}  // namespace zklock::internal

#endif  // ZKLOCK_TESTS_UNIT_TESTING_THREAD_ORDER_H_
