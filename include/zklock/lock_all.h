// zklock/lock_all.h: several locks at once, all or none of them.
//
//     const zklock::LockAllGuard guard = zklock::lock_all(3s, accounts, orders, invoices);
//     store.write(value, guard.lease(orders).fencing_token());
#ifndef ZKLOCK_LOCK_ALL_H_
#define ZKLOCK_LOCK_ALL_H_

#include <zklock/context.h>
#include <zklock/lock.h>

#include <array>
#include <chrono>
#include <concepts>
#include <memory>
#include <span>
#include <stop_token>
#include <system_error>
#include <vector>

namespace zklock {

/// Holds several locks for a scope. Neither copyable nor movable: `lock_all` returns it in place.
/// Thread safety: the const members may be called from many threads at once.
class ZKLOCK_EXPORT LockAllGuard {
 public:
  /// See lock_all.
  LockAllGuard(const Context& context, std::span<Lock* const> locks);

  /// Unlocks in the reverse order, unless `unlock` has been called. Blocks as ~LockGuard does for
  /// each lock, and waits for callbacks of `lost()` that run at that moment.
  ~LockAllGuard();

  LockAllGuard(const LockAllGuard&) = delete;
  LockAllGuard& operator=(const LockAllGuard&) = delete;

  /// Whether all leases are valid: see Lease::valid. False also while one is suspended; nothing but
  /// `lease(lock).suspended()` tells of that.
  [[nodiscard]] bool valid() const noexcept;

  /// Until when `valid()` stays true if no server answers any more: see Lease::valid_until.
  [[nodiscard]] std::chrono::steady_clock::time_point valid_until() const noexcept;

  /// Stop is requested when any of the locks is lost: see Lease::lost.
  [[nodiscard]] std::stop_token lost() const noexcept;

  /// The LossReason of a lock that was lost; no error if none was.
  [[nodiscard]] std::error_code loss_reason() const noexcept;

  /// The lease of this lock; an empty one if it is not among them.
  [[nodiscard]] Lease lease(const Lock& lock) const noexcept;

  /// Unlocks all in the reverse order, also when one fails, then throws the first error: see
  /// Lock::unlock. Afterwards the destructor does nothing.
  void unlock(const Context& context = {});

 private:
  class Held;
  const std::shared_ptr<Held> held_;
};

/// Locks all of them, or none. They are locked in the order of their paths, whatever the order of
/// the arguments. So callers who need some of the same locks never wait for each other in a circle,
/// as long as they lock all that they need in one call, and use the same chroot. (std::scoped_lock
/// knows no order: it locks, gives back and tries again, and each round costs a place in the
/// queues.)
///
/// The deadline is one for all. When it passes, or one of them cannot be locked, those that were
/// locked are unlocked in the reverse order, and the error is thrown: see Lock::lock. `lock_lost`:
/// one of them was lost while others were awaited. The TTL of a lock counts from its own grant, and
/// is not renewed while others are awaited.
///
/// Throws LockError `invalid_config` if there are none, or if a lock or a path is given twice. Two
/// ensembles may have the same path, but no order that all processes know. Locks without a path
/// come last, in the order of the arguments.
///
/// REQUIRES: the locks outlive the guard.
template <std::derived_from<Lock>... Locks>
[[nodiscard]] LockAllGuard lock_all(const Context& context, Lock& first, Locks&... others) {
  const std::array<Lock*, 1 + sizeof...(others)> locks{&first, &others...};
  return {context, locks};
}
template <class Rep, class Period, std::derived_from<Lock>... Locks>
[[nodiscard]] LockAllGuard lock_all(std::chrono::duration<Rep, Period> timeout, Lock& first,
                                    Locks&... others) {
  return lock_all(Context().with_timeout(timeout), first, others...);
}

/// The same for locks whose number is not known in advance.
[[nodiscard]] inline LockAllGuard lock_all(const Context& context, std::span<Lock* const> locks) {
  return {context, locks};
}

}  // namespace zklock

#endif  // ZKLOCK_LOCK_ALL_H_
