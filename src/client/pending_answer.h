// pending_answer.h: an answer that a thread waits for.
#ifndef ZKLOCK_SRC_CLIENT_PENDING_ANSWER_H_
#define ZKLOCK_SRC_CLIENT_PENDING_ANSWER_H_

#include <zklock/error.h>
#include <zklock/result.h>

#include <functional>
#include <optional>
#include <utility>

#include "base/context_wait.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// Shared by the waiting thread and the answer's callback, as either may end before the other.
template <class T>
class PendingAnswer {
 public:
  using Late = std::function<void(const Result<T>&)>;

  void complete(Result<T> answer) {
    MutexLock lock(monitor_.mutex);
    if (!abandoned_) {
      answer_.emplace(std::move(answer));
      lock.unlock();
      monitor_.changed->notify_all();
      return;
    }
    const Late late = std::move(late_);
    lock.unlock();
    if (late) late(answer);
  }

  /// Whether `wait` ended without the answer.
  [[nodiscard]] bool is_abandoned() {
    const MutexLock lock(monitor_.mutex);
    return abandoned_;
  }

  /// Waits for the answer. If the context ends first, the answer is abandoned: when it comes, the
  /// thread that brings it calls `late` with it.
  Result<T> wait(const Context& context, Late late = {}) {
    ContextWait wait(monitor_, context);
    MutexLock lock(monitor_.mutex);
    const WaitEnd end =
        wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return answer_.has_value(); });
    if (end == WaitEnd::ready) return std::move(*answer_);
    abandoned_ = true;
    late_ = std::move(late);
    return error_of(end);
  }

 private:
  Monitor monitor_;
  std::optional<Result<T>> answer_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  bool abandoned_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  Late late_ ZKLOCK_GUARDED_BY(monitor_.mutex);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_PENDING_ANSWER_H_
