// lease_suspension.h: what a lease has in addition that may be suspended while it is uncertain.
#ifndef ZKLOCK_SRC_LOCK_LEASE_SUSPENSION_H_
#define ZKLOCK_SRC_LOCK_LEASE_SUSPENSION_H_

#include <atomic>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

class LeaseState;

/// Something has happened to the session of this lease. On any thread, also the network's.
struct LookAtSession {
  std::weak_ptr<LeaseState> lease;
  void operator()() const noexcept;
};
using SessionWatch = std::optional<std::stop_callback<LookAtSession>>;

/// The period of certainty that the lease relies on, and who wants to know when that ends or
/// another begins. Thread safety: all functions may be called from any thread.
class Suspension {
 public:
  explicit Suspension(std::stop_token period) : period_(std::move(period)) {}

  /// See Lease::suspended.
  [[nodiscard]] std::stop_source told() const {
    const MutexLock lock(monitor_.mutex);
    return told_;
  }
  /// The session is not certain any more, or is lost.
  [[nodiscard]] bool is_over() const noexcept {
    const MutexLock lock(monitor_.mutex);
    return period_.stop_requested();
  }
  /// Changes the phase, if it is `held`, and returns what tells of that. Together with `begin`, so
  /// that no source is replaced that has still to be told, nor told for the period after it.
  [[nodiscard]] std::stop_source end(std::atomic<int>& phase, int held, int suspended) noexcept {
    const MutexLock lock(monitor_.mutex);
    return phase.compare_exchange_strong(held, suspended) ? told_
                                                          : std::stop_source(std::nostopstate);
  }
  /// Another period, with a source of its own, if the phase is `suspended`.
  [[nodiscard]] bool begin(std::stop_token period, std::atomic<int>& phase, int suspended,
                           int held) {
    std::stop_source next;
    const MutexLock lock(monitor_.mutex);
    if (!phase.compare_exchange_strong(suspended, held)) return false;
    period_ = std::move(period);
    told_ = std::move(next);
    return true;
  }

  /// Who waits for the lease to be resumed, or to end, waits with this.
  [[nodiscard]] Monitor& monitor() noexcept { return monitor_; }
  void notify() noexcept {
    { const MutexLock lock(monitor_.mutex); }  // a waiter is waiting, or will see the new phase
    monitor_.changed->notify_all();
  }

  SessionWatch loss_watch;     // constant once the lease is handed out
  SessionWatch certain_again;  // of the thread for timers

 private:
  mutable Monitor monitor_;
  std::stop_token period_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::stop_source told_ ZKLOCK_GUARDED_BY(monitor_.mutex);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LEASE_SUSPENSION_H_
