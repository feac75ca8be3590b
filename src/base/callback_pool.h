// callback_pool.h: threads for the user's callbacks, which may take long.
#ifndef ZKLOCK_SRC_BASE_CALLBACK_POOL_H_
#define ZKLOCK_SRC_BASE_CALLBACK_POOL_H_

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "base/platform.h"
#include "base/signals_blocked.h"

namespace zklock::internal {

/// Starts tasks in the order in which they were posted. The first task starts the first thread.
/// When a task has waited for long behind others, another thread is added, up to a limit: so a
/// callback that blocks does not delay the others. With a limit of one, tasks never overlap. Tasks
/// must not throw. They run with the signals blocked that the thread blocked which made the pool.
///
/// Thread safety: all functions may be called from any thread, also from tasks.
class CallbackPool {
 public:
  using Task = std::function<void()>;

  /// REQUIRES: `timers` is destroyed before the pool.
  CallbackPool(std::string name, std::size_t most_threads, Executor& timers);
  /// Drops the tasks that have not begun. Waits for those that are running.
  ~CallbackPool();
  /// The process exits: waits for all tasks, but not beyond `deadline`. Then drops the tasks that
  /// have not begun, and those that are posted later; if others are still running, leaves all
  /// threads to the end of the process. (Destroying the pool after that waits for them.)
  void stop_at_exit(SteadyTime deadline) noexcept;
  CallbackPool(const CallbackPool&) = delete;
  CallbackPool& operator=(const CallbackPool&) = delete;

  void post(Task task);

 private:
  /// More tasks wait than threads, and another thread is allowed.
  [[nodiscard]] bool lacks_threads() const ZKLOCK_REQUIRES(monitor_.mutex);
  void try_to_start_thread() ZKLOCK_REQUIRES(monitor_.mutex);
  /// Unless a look is scheduled already.
  void schedule_look() ZKLOCK_REQUIRES(monitor_.mutex);
  void look_whether_stuck();
  void work() noexcept;

  const std::string name_;
  const SignalMask signals_;  // for the tasks
  const std::size_t most_threads_;
  Executor& timers_;

  Monitor monitor_;
  const std::unique_ptr<Condition> went_idle_ = Platform::current().make_condition();
  std::deque<Task> tasks_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::vector<std::unique_ptr<Thread>> threads_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::size_t idle_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;   // threads that wait
  bool looking_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;   // a look is scheduled
  int failed_starts_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // of threads, since the last one
  bool accepting_ ZKLOCK_GUARDED_BY(monitor_.mutex) = true;  // tasks
  bool stopping_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;  // its threads end
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_CALLBACK_POOL_H_
