// executor.h: a thread that runs tasks, at once or at a given time.
#ifndef ZKLOCK_SRC_BASE_EXECUTOR_H_
#define ZKLOCK_SRC_BASE_EXECUTOR_H_

#include <zklock/export.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/platform.h"

namespace zklock::internal {

/// Runs tasks one after the other on its own thread, in the order of their times. Tasks must not
/// throw.
///
/// Thread safety: all functions may be called from any thread, also from tasks.
class ZKLOCK_EXPORT Executor {
 public:
  using Task = std::function<void()>;
  /// Identifies a scheduled task; 0: none.
  using Ticket = std::uint64_t;

  explicit Executor(const std::string& name);
  /// The same as `stop`. REQUIRES: not called from a task.
  ~Executor();
  /// Drops all tasks that have not begun, and those that come later. Waits for the task that is
  /// running. REQUIRES: not called from a task.
  void stop() noexcept;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Runs the task as soon as the tasks before it are done.
  void post(Task task) { schedule(SteadyTime::min(), std::move(task)); }
  /// Runs the task at `time`, or soon after.
  Ticket schedule(SteadyTime time, Task task);
  /// Drops a task that has not begun. Does not wait for one that has.
  void cancel(Ticket ticket) noexcept;

 private:
  using Key =
      std::pair<SteadyTime, Ticket>;  // tasks of one time are run in the order of their tickets

  void work() noexcept;

  Monitor monitor_;
  std::map<Key, Task> tasks_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::map<Ticket, SteadyTime> times_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // of tasks_, by ticket
  Ticket last_ticket_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;
  SteadyTime wakes_at_ ZKLOCK_GUARDED_BY(monitor_.mutex) =
      SteadyTime::max();  // when the thread looks again
  bool stopping_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  std::unique_ptr<Thread> thread_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // null once stopped
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_EXECUTOR_H_
