// zklock/locked_worker.h: runs work on exactly one of many machines: takes the lock, runs the work,
// gives the lock back when the work has returned, and begins again. (examples/workers.md)
//
//     zklock::LockedWorker worker(lock, {.margin = 500ms},
//                                 [&](const zklock::Lease& lease, std::stop_token stop) {
//                                   while (!stop.stop_requested()) step(lease);
//                                 });
//     ...
//     worker.stop(Context().with_timeout(10s));
#ifndef ZKLOCK_LOCKED_WORKER_H_
#define ZKLOCK_LOCKED_WORKER_H_

#include <zklock/context.h>
#include <zklock/lock.h>
#include <zklock/logger.h>

#include <chrono>
#include <concepts>
#include <functional>
#include <memory>
#include <stop_token>
#include <type_traits>
#include <utility>

namespace zklock {

/// What follows when a run of the work has returned. The lock is given back in any case.
enum class AfterRun {
  again,  // queue for the lock at once
  pause,  // queue after a pause, which grows with each further run that says so
  stop,   // the worker ends
};

/// What happens when a run goes on though stop was requested.
enum class WhenOverdue {
  report,     // it is logged, and `on_overdue` is called
  fail_stop,  // besides, the process ends before the lease does: see FailStop
};

/// What happens when the lease is suspended: see WhenUncertain.
enum class WhenSuspended {
  stop,  // stop is requested
  /// The run goes on. The work must do nothing under the lease until Lease::await_certainty
  /// returns. Stop is requested once the lease is lost, and `margin` must be 0.
  go_on,
};

/// Every member has a default. Times must not be negative.
struct LockedWorkerOptions {
  /// Stop is requested so long before the lease ends: see Lease::ending. 0: when it is suspended or
  /// lost.
  std::chrono::milliseconds margin{0};
  /// The lock is kept for so long after its grant, also when the work has returned sooner. For cron
  /// jobs: a machine whose clock is late finds the lock taken. `stop`, `step_down` and a loss end
  /// it.
  std::chrono::milliseconds min_hold{0};
  /// Pauses after runs that say `pause` or throw, and after calls of `lock` that fail: from the
  /// first on they double up to the longest, with jitter. A run that says `again`, or a grant,
  /// resets them.
  std::chrono::milliseconds first_pause{1'000};
  std::chrono::milliseconds longest_pause{60'000};
  /// A run is overdue when it has not returned so long after stop was requested. 0: never.
  std::chrono::milliseconds overdue_after{0};
  /// With `fail_stop`, half of `margin` is for the work to return, and the other half for the
  /// process to end. So `margin` must not be 0.
  WhenOverdue when_overdue = WhenOverdue::report;
  WhenSuspended when_suspended = WhenSuspended::stop;
  /// Called once for a run that is overdue, on a thread of the library that does nothing else. The
  /// worker waits for it: it must not call `stop` or `wait`.
  std::function<void(const Lease&)> on_overdue{};
  std::shared_ptr<Logger> logger{};
  /// For each call of `lock`: the value of its owner. It must not have a deadline.
  Context lock_context{};
};

/// What a worker runs. The token requests stop when the lease is ending (see
/// LockedWorkerOptions::margin), suspended or lost, and when the worker is to stop or to step down.
/// Its stop callbacks run on the thread that finds that out: also in `stop` and `step_down`. With a
/// ClientOptions::callback_executor, that needs a thread of the executor while the work runs.
using LockedWork = std::function<AfterRun(const Lease& lease, std::stop_token stop)>;

/// As LockedWork, or the same without a result, which counts as `again`.
template <class Work>
concept RunsLocked = std::invocable<Work&, const Lease&, std::stop_token> &&
    (std::is_void_v<std::invoke_result_t<Work&, const Lease&, std::stop_token>> ||
     std::same_as<std::invoke_result_t<Work&, const Lease&, std::stop_token>, AfterRun>);

namespace internal {

class WorkerLoop;

template <RunsLocked Work>
[[nodiscard]] LockedWork as_locked_work(Work work) {
  if constexpr (std::is_void_v<std::invoke_result_t<Work&, const Lease&, std::stop_token>>) {
    std::function<void(const Lease&, std::stop_token)> plain(std::move(work));
    if (!plain) return {};
    return [plain = std::move(plain)](const Lease& lease, std::stop_token stop) {
      plain(lease, std::move(stop));
      return AfterRun::again;
    };
  } else {
    return LockedWork(std::move(work));
  }
}

[[nodiscard]] ZKLOCK_EXPORT AfterRun run_locked_work_once(Lock& lock,
                                                          const LockedWorkerOptions& options,
                                                          const LockedWork& work,
                                                          const Context& context);

}  // namespace internal

/// Runs work under a lock, on a thread of its own, until it is stopped. There is one run at a time,
/// and each has a grant of its own, which is given back only after the work has returned. What the
/// work throws is logged, and counts as `pause`.
///
/// A process that exits ends all leases, whether or not the work has returned: stop the worker
/// before that. A child that was forked does not have the worker: `is_leading` is false there, and
/// the other calls do nothing.
///
/// Thread safety: all members may be called from any thread, also from the work, except as stated.
class ZKLOCK_EXPORT LockedWorker {
 public:
  /// Begins to queue for the lock. REQUIRES: `lock` outlives the worker (and, if the worker is
  /// destroyed in its own work, the run). Throws LockError:
  /// `invalid_config` for an empty work or options that cannot work; `locking_failed` if there is
  /// no thread to be had.
  ///
  /// Whether the margin fits the session shows only with the first grant: if not, the work is not
  /// begun, the lock is given back, and the worker ends with that error (`invalid_config`). It is
  /// logged, `is_healthy` is false, and `stop` and `wait` throw it.
  template <RunsLocked Work>
  LockedWorker(Lock& lock, const LockedWorkerOptions& options, Work work)
      : LockedWorker(Begin{}, lock, options, internal::as_locked_work(std::move(work))) {}
  /// As std::jthread's: requests stop, and waits for the work, however long that takes. In the work
  /// itself it does not wait: the worker ends when the work returns.
  ~LockedWorker();
  LockedWorker(const LockedWorker&) = delete;
  LockedWorker& operator=(const LockedWorker&) = delete;

  /// Afterwards the work is not running, and the lock is not held. Throws LockError:
  /// `work_still_running` when the deadline has passed or the context is cancelled (it goes on
  /// stopping; call `stop` again to wait for it). In the work itself it requests stop, and throws
  /// the same at once: there, return AfterRun::stop.
  void stop(const Context& context = {});
  /// Stops the current run, gives the lock back, and does not queue for it before the pause is
  /// over. Returns at once.
  void step_down(std::chrono::nanoseconds pause);
  /// Returns when the worker has ended. Throws as `stop` does, but does not request stop.
  void wait(const Context& context = {});

  /// Whether this worker holds the lock, and its lease is valid.
  [[nodiscard]] bool is_leading() const noexcept;
  /// For probes. False while it has a lease that is not valid any more (unless that is suspended,
  /// and the run goes on), or a run that is overdue; and for good once it has failed: see the
  /// constructor.
  [[nodiscard]] bool is_healthy() const noexcept;

 private:
  struct Begin {};
  LockedWorker(Begin, Lock& lock, const LockedWorkerOptions& options, const LockedWork& work);

  std::shared_ptr<internal::WorkerLoop> loop_;
};

/// Locks, runs the work once, and gives the lock back. Returns what the run said. `context` is for
/// `lock`, and its stop tokens tell the work to stop. `options`: all but the pauses and
/// `lock_context`. Throws what the work throws, after the lock was given back, and LockErrors:
/// those of `lock`, and those of LockedWorker's constructor.
template <RunsLocked Work>
AfterRun run_once(Lock& lock, const LockedWorkerOptions& options, Work work,
                  const Context& context = {}) {
  return internal::run_locked_work_once(lock, options, internal::as_locked_work(std::move(work)),
                                        context);
}

}  // namespace zklock

#endif  // ZKLOCK_LOCKED_WORKER_H_
