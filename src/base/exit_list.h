// exit_list.h: what has to be ended before the process exits.
#ifndef ZKLOCK_SRC_BASE_EXIT_LIST_H_
#define ZKLOCK_SRC_BASE_EXIT_LIST_H_

#include <zklock/context.h>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "base/mutex.h"

namespace zklock::internal {

/// Ends in three steps, so that many of them end at the same time, and servers come before the
/// user's code. Each may be called again, and must not throw.
class EndsAtExit {
 public:
  virtual ~EndsAtExit() = default;
  /// Sends what has to be sent. Does not block.
  virtual void begin_to_end() noexcept {}
  /// Waits for the servers' answers.
  virtual void await_servers(const Context& context) noexcept = 0;
  /// Waits for code of the user's that it has called.
  virtual void await_hooks(const Context& /*context*/) noexcept {}
};

/// Thread safety: all functions may be called from any thread.
class ExitList {
 public:
  /// What is added once the process exits ends at once.
  void add(const std::shared_ptr<EndsAtExit>& object) {
    {
      const MutexLock lock(mutex_);
      if (!has_ended_) {
        std::erase_if(objects_, [](const auto& known) { return known.expired(); });
        objects_.push_back(object);
        return;
      }
    }
    object->begin_to_end();
    object->await_servers(Context().with_timeout(std::chrono::nanoseconds(0)));
  }

  /// Ends all of them.
  void end(const Context& context) noexcept {
    std::vector<std::weak_ptr<EndsAtExit>> objects;
    {
      const MutexLock lock(mutex_);
      objects.swap(objects_);
      has_ended_ = true;
    }
    const auto each = [&objects](const auto& step) {
      for (const std::weak_ptr<EndsAtExit>& weak : objects) {
        if (const auto object = weak.lock()) step(*object);
      }
    };
    each([](EndsAtExit& object) { object.begin_to_end(); });
    each([&](EndsAtExit& object) { object.await_servers(context); });
    each([&](EndsAtExit& object) { object.await_hooks(context); });
  }

 private:
  Mutex mutex_;
  std::vector<std::weak_ptr<EndsAtExit>> objects_ ZKLOCK_GUARDED_BY(mutex_);
  bool has_ended_ ZKLOCK_GUARDED_BY(mutex_) = false;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_EXIT_LIST_H_
