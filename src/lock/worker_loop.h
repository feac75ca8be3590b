// worker_loop.h: what a LockedWorker does on its thread, and how others make it stop.
#ifndef ZKLOCK_SRC_LOCK_WORKER_LOOP_H_
#define ZKLOCK_SRC_LOCK_WORKER_LOOP_H_

#include <zklock/context.h>
#include <zklock/locked_worker.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <stop_token>
#include <string>

#include "base/backoff.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "lock/work_run.h"

namespace zklock::internal {

/// Pauses that grow with each failure in a row.
class GrowingPause {
 public:
  explicit GrowingPause(const LockedWorkerOptions& options)
      : first_(options.first_pause), longest_(options.longest_pause) {}

  [[nodiscard]] std::chrono::milliseconds next() {
    return backoff_pause(++failures_, first_, longest_);
  }
  void reset() noexcept { failures_ = 0; }

 private:
  const std::chrono::milliseconds first_;
  const std::chrono::milliseconds longest_;
  int failures_ = 0;
};

/// Rounds, one after the other: a pause, a call of `lock`, and a run. Each has a stop source of its
/// own, which `step_down` and `request_stop` use.
///
/// REQUIRES: not destroyed in a forked child. Thread safety: all functions may be called from any
/// thread, except as stated.
class WorkerLoop : public std::enable_shared_from_this<WorkerLoop> {
 public:
  explicit WorkerLoop(std::shared_ptr<const WorkerSetup> setup);
  ~WorkerLoop() = default;
  WorkerLoop(const WorkerLoop&) = delete;
  WorkerLoop& operator=(const WorkerLoop&) = delete;

  /// Throws LockError if there is no thread to be had. Called once.
  void start();
  void request_stop() noexcept;
  void step_down(std::chrono::nanoseconds pause);
  /// Returns when the loop has ended. Throws LockError: `work_still_running`, or what it failed
  /// with.
  void await_end(const Context& context);
  /// Called once, after request_stop. In the work itself it does not wait.
  void end() noexcept;

  [[nodiscard]] bool is_leading() const noexcept;
  [[nodiscard]] bool is_healthy() const noexcept;
  /// The process inherited it through fork().
  [[nodiscard]] bool is_forked() const noexcept { return fork_count() != forks_; }

 private:
  void loop() noexcept;
  [[nodiscard]] bool begin_round(Context& asked);
  [[nodiscard]] AfterRun round(const Context& asked);
  [[nodiscard]] Lease lock(const Context& asked);
  [[nodiscard]] AfterRun run(WorkRun& current, const Context& asked);
  AfterRun fail() noexcept;
  void pause(GrowingPause& after, const std::string& why) noexcept;
  [[nodiscard]] std::shared_ptr<WorkRun> current_run() const noexcept;
  void set_current_run(std::shared_ptr<WorkRun> run) noexcept;
  [[nodiscard]] bool is_own_thread() const noexcept {
    return thread_number_ == this_thread_number();
  }

  const std::shared_ptr<const WorkerSetup> setup_;
  const int forks_ = fork_count();
  std::atomic<std::uint64_t> thread_number_{0};
  std::unique_ptr<Thread> thread_;  // of `start` and `end`

  mutable Monitor monitor_;
  bool is_stopping_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  bool has_ended_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  SteadyTime not_before_ ZKLOCK_GUARDED_BY(monitor_.mutex) = SteadyTime::min();  // the next round
  std::stop_source round_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::shared_ptr<WorkRun> run_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // null: no grant
  std::exception_ptr failure_ ZKLOCK_GUARDED_BY(monitor_.mutex);

  // Of the thread.
  GrowingPause after_failed_locks_;
  GrowingPause after_runs_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_WORKER_LOOP_H_
