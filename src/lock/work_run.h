// work_run.h: one run of a worker's work, under one grant.
#ifndef ZKLOCK_SRC_LOCK_WORK_RUN_H_
#define ZKLOCK_SRC_LOCK_WORK_RUN_H_

#include <zklock/context.h>
#include <zklock/fail_stop.h>
#include <zklock/locked_worker.h>

#include <atomic>
#include <chrono>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/background.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "base/signals_blocked.h"

namespace zklock::internal {

/// What all runs of a worker share.
struct WorkerSetup {
  /// Throws LockError: `invalid_config`, or `locking_failed` if there is no thread to be had.
  WorkerSetup(Lock& its_lock, const LockedWorkerOptions& its_options, const LockedWork& its_work);

  /// For texts.
  [[nodiscard]] std::string name() const { return "the worker of " + lock.path(); }
  /// Logs it, after the worker's name.
  void say(LogLevel level, const std::string& what) const noexcept;

  Lock& lock;
  const LockedWorkerOptions options;
  const LockedWork work;
  const std::shared_ptr<Background> background;
  const Log log;
  const SignalMask signals;  // of the user's thread: the work runs with them
};

/// Stop is requested when the lease is ending, or when one of the given tokens stops. A timer
/// notices a run that goes on after that.
///
/// `begin`, `run` and `give_back` are called by one thread, in this order; the others by any.
class WorkRun : public std::enable_shared_from_this<WorkRun> {
 public:
  /// `asked`: its tokens stop the work. It has no deadline. REQUIRES: a shared_ptr owns the
  /// object.
  WorkRun(std::shared_ptr<const WorkerSetup> setup, Lease lease, Context asked);
  ~WorkRun() = default;
  WorkRun(const WorkRun&) = delete;
  WorkRun& operator=(const WorkRun&) = delete;

  static std::shared_ptr<WorkRun> make(const std::shared_ptr<const WorkerSetup>& setup,
                                       const Lease& lease, const Context& asked);

  /// Throws LockError: `invalid_config` for a margin that does not fit; others if the lease has
  /// ended, or there is no thread to be had.
  void begin();
  /// Whether stop has been requested.
  [[nodiscard]] bool is_told() const noexcept { return stop_.stop_requested(); }
  /// Whether one of the tokens has said so.
  [[nodiscard]] bool is_canceled() const noexcept { return asked_.canceled(); }
  /// Returns when the work has returned and `min_hold` is over. Throws what the work throws.
  AfterRun run();
  /// Called in any case.
  void give_back() noexcept;

  [[nodiscard]] const Lease& lease() const noexcept { return lease_; }
  /// Its lease is valid, or the run goes on while that is suspended.
  [[nodiscard]] bool is_live() const noexcept;
  [[nodiscard]] bool is_overdue() const noexcept { return is_overdue_.load(); }

 private:
  struct Tell {
    WorkRun& run;
    void operator()() const noexcept { run.tell(); }
  };

  void tell() noexcept;
  void watch_return() noexcept;
  void find_overdue() noexcept;
  void report_overdue() noexcept;
  void end() noexcept;
  void keep_lock();

  const std::shared_ptr<const WorkerSetup> setup_;
  const Lease lease_;
  const Context asked_;
  const SteadyTime granted_ = Platform::current().steady_now();
  std::atomic<bool> is_overdue_{false};
  std::stop_source stop_;

  Monitor monitor_;
  bool is_over_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  bool is_reporting_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  Executor::Ticket timer_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;

  // Of the thread that runs it.
  std::optional<FailStop> fail_stop_;
  std::list<std::stop_callback<Tell>> reasons_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_WORK_RUN_H_
