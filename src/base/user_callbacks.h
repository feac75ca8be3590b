// user_callbacks.h: runs callbacks of the user's, on his executor or on threads of ours.
#ifndef ZKLOCK_SRC_BASE_USER_CALLBACKS_H_
#define ZKLOCK_SRC_BASE_USER_CALLBACKS_H_

#include <zklock/callback_executor.h>

#include <atomic>
#include <functional>
#include <memory>
#include <utility>

#include "base/callback_pool.h"

namespace zklock::internal {

/// Thread safety: all functions may be called from any thread.
class UserCallbacks {
 public:
  UserCallbacks() = default;
  /// `executor`: null for the pool.
  UserCallbacks(std::shared_ptr<CallbackPool> pool, std::shared_ptr<CallbackExecutor> executor)
      : pool_(std::move(pool)), executor_(std::move(executor)) {}

  [[nodiscard]] bool has_executor() const noexcept { return executor_ != nullptr; }

  void post(std::function<void()> callback) const {
    if (!executor_) return pool_->post(std::move(callback));
    // An executor may throw though it has taken the callback, or run it twice.
    auto once = [has_run = std::make_shared<std::atomic<bool>>(false),
                 callback = std::move(callback)] {
      if (!has_run->exchange(true)) callback();
    };
    try {
      executor_->execute(once);
    } catch (...) {  // it has refused
      pool_->post(std::move(once));
    }
  }

 private:
  std::shared_ptr<CallbackPool> pool_;
  std::shared_ptr<CallbackExecutor> executor_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_USER_CALLBACKS_H_
