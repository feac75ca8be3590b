// zklock/lock_observer.h: a hook for metrics and tracing. (examples/monitoring.md)
#ifndef ZKLOCK_LOCK_OBSERVER_H_
#define ZKLOCK_LOCK_OBSERVER_H_

#include <zklock/lock.h>
#include <zklock/lock_entries.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <system_error>

namespace zklock {

/// Receives what happens to the claims of a ZooKeeperLock. Override what you need.
///
/// Thread safety: called from any thread, also from several at once. On the thread of the call that
/// it reports; those that say "later" run where the callbacks of Lease::lost do. The library holds
/// no mutex of its own meanwhile, so it may call the library. Exceptions are logged and dropped.
class ZKLOCK_EXPORT LockObserver {
 public:
  virtual ~LockObserver();

  /// The claim `znode` waits, with `ahead` claims ahead of it: the first call for a znode says that
  /// it was queued. Called again after each new list. A claim that is granted at once, and one that
  /// must not wait, are not reported.
  virtual void on_waiting(const std::string& znode, std::size_t ahead);
  /// `ahead` is the claim that `znode` waits for: the one just ahead, which is the holder if it is
  /// the only one. Called after the first `on_waiting`, and when it is another one. It costs no
  /// request: the waiter has read that claim to watch it.
  virtual void on_blocked_by(const std::string& znode, const LockEntry& ahead);
  /// `lock` is about to return this lease.
  virtual void on_granted(const Lease& lease, std::chrono::nanoseconds waited);
  /// `lock` on `path` is about to fail with this error.
  virtual void on_lock_failed(const std::string& path, const LockError& error,
                              std::chrono::nanoseconds waited);
  /// The claim disappeared from the queue, because its session ended or somebody deleted it; `lock`
  /// queues again.
  virtual void on_requeued(const std::string& znode);
  /// This lock removed the claim `znode` of a holder past its TTL.
  virtual void on_purged(const std::string& znode);
  /// The lease was released by an unlock. Lease::held_for says how long it was held.
  virtual void on_released(const Lease& lease);
  /// An unlock, also that of a guard, did not do what it was asked; it is logged as a warning, too.
  /// The lease is empty if the unlock found no grant to release: then nothing is released, and the
  /// error says why. Otherwise it is lost (`lock_lost`), or the servers could not confirm its end
  /// (`unlocking_failed`), which then continues in the background.
  virtual void on_unlock_failed(const Lease& lease, const LockError& error);
  /// Later: no more than ZooKeeperLockConfig::observer_margin is left of the lease. Called again if
  /// it gets more time, and is ending once more.
  virtual void on_ending(const Lease& lease, std::chrono::nanoseconds remaining);
  /// Later: the lease is suspended, see WhenUncertain. Lease::valid is false, and Lease::suspended
  /// has requested stop.
  virtual void on_suspended(const Lease& lease);
  /// Later: a lease that was suspended is valid again. It may have been suspended or lost again
  /// since.
  virtual void on_resumed(const Lease& lease);
  /// Later: the lease was lost. Lease::loss_reason says why, Lease::held_for how long it was held.
  virtual void on_lost(const Lease& lease);

  /// Later: a claim that was given up, or whose lease was lost, still has to be removed: that goes
  /// on in the background, until `on_removed`. If the answer to its create was lost, `znode` ends
  /// in "-lock-", without the number. Not with a client that is no ClaimClient; the same holds for
  /// the next two.
  virtual void on_removal_pending(const std::string& znode);
  /// Later, after `on_removal_pending`: it is gone, or its session is over, and it goes with it.
  /// (By this client's clock. Servers that were away themselves give a session its timeout again.)
  virtual void on_removed(const std::string& znode);
  /// Later: the servers do not permit to remove it (see ZooKeeperLockConfig::acl). As it would
  /// block the queue, its session is ended, and all leases in it are lost. `on_removed` follows.
  virtual void on_removal_failed(const std::string& znode, const std::error_code& error);

  /// A run of a LockedWorker has not returned in time (LockedWorkerOptions::overdue_after). On the
  /// thread of LockedWorkerOptions::on_overdue, just before it: the worker waits for this, too.
  virtual void on_overdue(const Lease& lease);

  /// In a callback, on its thread: the trace id of the call of `lock`, or of the lease, that it is
  /// about. For `on_purged` it is that of the call which has removed the holder. "" if there is
  /// none, and anywhere else.
  [[nodiscard]] static std::string trace();

 protected:
  LockObserver() = default;
  LockObserver(const LockObserver&) = default;
  LockObserver& operator=(const LockObserver&) = default;
};

}  // namespace zklock

#endif  // ZKLOCK_LOCK_OBSERVER_H_
