// executor.h: a thread that runs what is given to it, at once or at a time.
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

/// Runs tasks one after the other on a thread of its own, in the order of their times. Tasks do not
/// throw. Thread safety: all of it may be called from any thread, also from tasks.
class ZKLOCK_EXPORT Executor {
 public:
  using Task = std::function<void()>;
  /// Names a task that was scheduled; 0 names none.
  using Ticket = std::uint64_t;

  explicit Executor(const std::string& name);
  /// What has not been run by then is dropped. Waits for the task that is running.
  /// REQUIRES: not called from a task.
  ~Executor();
  /// Drops what has not been run, and waits for the task that is running. What comes later is
  /// dropped.
  void stop() noexcept;
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  /// Runs the task as soon as those before it are done.
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
  std::unique_ptr<Thread> thread_;  // guarded by monitor_.mutex after construction
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_EXECUTOR_H_
