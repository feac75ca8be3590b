// zklock/lock.h: what a service depends on: a Lock, the Lease that it grants, and a guard.
//
// Take a `Lock&` where a lock is needed; give it a ZooKeeperLock in production and a
// zklock::testing::MockLock in tests.
#ifndef ZKLOCK_LOCK_H_
#define ZKLOCK_LOCK_H_

#include <zklock/context.h>
#include <zklock/error.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

namespace zklock {

namespace internal {
class LeaseState;
struct LeaseAccess;
}  // namespace internal

/// One grant of a lock. A cheap handle: copies refer to the same grant, and neither prolong nor
/// release it. Thread safety: all members may be called from any thread.
///
/// A lease ends once, and never comes back: it is released by unlock, or lost. (A lock that is
/// configured so suspends its leases in between: see WhenUncertain.) A lock alone cannot
/// stop a process that is paused between `valid()` and its write: give the resource the
/// `fencing_token()`, and let it refuse smaller ones than it has seen (examples/leases.md). In a
/// child that was forked by the holder, the lease is not valid.
class ZKLOCK_EXPORT Lease {
 public:
  /// Refers to no grant.
  Lease() noexcept = default;

  /// False: refers to no grant. It says nothing about validity.
  [[nodiscard]] explicit operator bool() const noexcept { return state_ != nullptr; }

  /// Whether exclusivity is still certain, right now, by the local clock. Asks no server. False for
  /// an empty lease, from the moment when unlock is called, and once the lease is lost.
  [[nodiscard]] bool valid() const noexcept;

  /// Until when `valid()` stays true if no server answers any more; the clock's maximum if nothing
  /// bounds it. It advances when servers confirm the session, and with `renew`.
  [[nodiscard]] std::chrono::steady_clock::time_point valid_until() const noexcept;

  /// How long `valid()` stays true from now on if no server answers any more; 0 when it is false,
  /// the maximum if nothing bounds it.
  [[nodiscard]] std::chrono::nanoseconds remaining() const noexcept;

  /// A warning before the end. Stop is requested when no more than `margin` is left because nothing
  /// has moved the end on (servers do for the session, `renew` for the TTL), or when the grant is
  /// lost for another reason. Not when it is released. A token that was stopped stays so; a later
  /// call returns another one, for what is left then. It is stopped already if no more than
  /// `margin` is left, and if the lease is empty or has ended. Callbacks: as those of `lost`.
  ///
  /// Throws LockError (`invalid_config`) for a margin that a lease in good order may fall below:
  /// one that is negative, not below a quarter of the session timeout, or not below the TTL. That
  /// quarter is for servers that answer writes within a thirtieth of the session timeout (333 ms of
  /// 10 s). With slower ones less may be left at times: use a smaller margin, or a longer session.
  [[nodiscard]] std::stop_token ending(std::chrono::milliseconds margin) const;

  /// The longest margin that `ending`, `require` and FailStop take: just below a quarter of the
  /// session timeout, and below the TTL. 0 for an empty lease, hundreds of years without a bound.
  [[nodiscard]] std::chrono::milliseconds longest_margin() const noexcept;

  /// Stop is requested when the lease is suspended, because no server has confirmed the session in
  /// time, and when it is lost: `valid()` is false, and work under it must not go on. It may be
  /// valid again later: see WhenUncertain and `await_certainty`. A token that was stopped stays so;
  /// when the lease is valid again, this returns another one. The same as `lost` for a lease that
  /// is never suspended. Callbacks: as those of `lost`; do not wait in them.
  ///
  ///     for (;;) {
  ///       work_until(lease.suspended());
  ///       lease.await_certainty();  // throws when the lease is lost
  ///     }
  [[nodiscard]] std::stop_token suspended() const noexcept;

  /// Returns once the lease is valid: at once, unless it is suspended. When a connection is back,
  /// that takes up to a third of the session timeout more. Throws LockError: `lock_lost`;
  /// `no_server_answered`, or `locking_failed` if the call was cancelled (with both, it is still
  /// suspended).
  void await_certainty(const Context& context = {}) const;
  void await_certainty(const Context& context, std::error_code& error) const noexcept;

  /// Stop is requested when the grant is lost, not when it is released. The callbacks run on a
  /// thread of the library that does nothing else (or on ClientOptions::callback_executor), with
  /// the signals blocked that the thread blocked which made the first of the locks and clients that
  /// live. They may call the library, and must not throw (std::stop_callback's rule). If many take
  /// long at the same time, further ones wait. A lock that is destroyed, and a process that exits,
  /// wait for them, but not for long (and not for those on an executor). The token of an empty
  /// lease never stops.
  [[nodiscard]] std::stop_token lost() const noexcept;

  /// A LossReason once the grant is lost; no error before, or when it was released.
  [[nodiscard]] std::error_code loss_reason() const noexcept;

  /// Larger than the token of every earlier grant of the path, even if the path was deleted and
  /// created again. It is the `czxid` of the claim. 0 for an empty lease.
  [[nodiscard]] std::int64_t fencing_token() const noexcept;

  /// The full path of the claim, "" for an empty lease.
  [[nodiscard]] std::string znode() const;

  /// The owner, "" if none was named.
  [[nodiscard]] std::string owner() const;

  /// The trace id of the call that it was granted to, "" if there was none: see
  /// ZooKeeperLockConfig::trace_key.
  [[nodiscard]] std::string trace() const;

  /// For how long it has been held: from its grant until now, or until it was released, or was
  /// found to be lost. 0 for an empty lease.
  [[nodiscard]] std::chrono::nanoseconds held_for() const noexcept;

  /// Restarts the TTL from now; without a TTL it succeeds, and does nothing. This, `verify` and
  /// `require` first wait until a suspended lease is valid again (the TTL goes on meanwhile).
  /// Blocks until ZooKeeper has confirmed it or the deadline passes. Throws LockError: `lock_lost`
  /// if it came too late; `no_server_answered`, or `locking_failed` if a server refused it or the
  /// call was cancelled (with both, the lease lasts until `valid_until`).
  void renew(const Context& context = {}) const;
  void renew(const Context& context, std::error_code& error) const noexcept;

  /// Proves through a quorum that the claim stands: a last check before something that cannot be
  /// undone. Blocks for one round trip. Throws LockError: `lock_lost`; `no_server_answered`, or
  /// `locking_failed` if a server refused it or the call was cancelled (with both, nothing is
  /// proved).
  void verify(const Context& context = {}) const;
  void verify(const Context& context, std::error_code& error) const noexcept;

  /// Returns once `margin` or more is left: for a step that takes so long. Usually it is; otherwise
  /// this asks the servers for newer evidence, and renews the TTL. Throws LockError: `lock_lost`;
  /// `invalid_config` as `ending` does; `no_server_answered`, or `locking_failed` if a server
  /// refused it or the call was cancelled (with both, the lease lasts until `valid_until`).
  void require(std::chrono::milliseconds margin, const Context& context = {}) const;
  void require(std::chrono::milliseconds margin, const Context& context,
               std::error_code& error) const noexcept;

  /// Whether both refer to the same grant.
  friend bool operator==(const Lease&, const Lease&) noexcept = default;

 private:
  friend struct internal::LeaseAccess;
  std::shared_ptr<internal::LeaseState> state_;
};

/// A lock with one queue over threads, processes and machines.
///
/// It is a std TimedLockable: std::unique_lock, std::lock_guard and std::scoped_lock work on it,
/// and on a plain `Lock&`. LockGuard does the same, and has the lease. For several locks at once,
/// use lock_all (zklock/lock_all.h) in place of std::scoped_lock.
///
/// Every call that takes a Context returns by its deadline, whatever the servers do. Each throwing
/// call with a Context has an overload that sets a std::error_code instead: the Errc that
/// LockError::code would be.
class ZKLOCK_EXPORT Lock {
 public:
  virtual ~Lock();

  /// Queues for the lock, and blocks until it is granted, the deadline passes (`locking_timed_out`;
  /// in an outage `no_server_answered`) or the wait is cancelled (`locking_canceled`). Without a
  /// deadline it waits as long as it takes. With a deadline that has passed it makes one attempt.
  /// Errors that waiting does not cure (`locking_failed`, `already_own_lock`) are thrown at once.
  /// After an error no claim stays in the queue.
  Lease lock(const Context& context = {}) { return do_lock(context); }
  Lease lock(const Context& context, std::error_code& error) noexcept;

  /// The same with a timeout: `lock(3s)` is `lock(Context().with_timeout(3s))`.
  template <class Rep, class Period>
  Lease lock(std::chrono::duration<Rep, Period> timeout) {
    return lock(Context().with_timeout(timeout));
  }
  template <class Rep, class Period>
  Lease lock_for(std::chrono::duration<Rep, Period> timeout) {
    return lock(timeout);
  }

  /// For std guards, which call it in their destructors. Releases the grant that the calling thread
  /// acquired. A guard may have been moved, so a thread that has acquired none releases the only
  /// grant of this object, unless that has an owner.
  ///
  /// - As with a std::mutex, call it once for each lock: a further call can release what another
  ///   thread holds. If another call has released the grant of a std::unique_lock, call the guard's
  ///   `release()`.
  /// - If grants of other threads were lost before, a moved guard may be one of theirs. Then this
  ///   returns `lock_lost` and releases nothing; the last guard to end releases the valid grant.
  /// - Better: pass the lease on to the other thread, and call `unlock(lease)` there.
  ///
  /// Blocks for at most a second; many in a row that wait in vain block for about a second in all.
  /// Unfinished work continues in the background. Each error, of this call and of those below, is
  /// logged as a warning, reported to the observer, and returned or thrown.
  std::error_code unlock() noexcept;

  /// Releases the current grant of the owner that the Context names; without an owner, the grant
  /// that the calling thread acquired. Blocks until ZooKeeper has confirmed it or the deadline
  /// passes (a deadline that has passed already counts as one second). Throws LockError:
  /// `not_lock_owner`; `lock_lost` if the grant was lost before; `unlocking_failed` if nothing is
  /// held, or the servers could not be reached: the claim is then removed in the background.
  void unlock(const Context& context) { do_unlock(context); }
  void unlock(const Context& context, std::error_code& error) noexcept;

  /// Releases exactly this grant, from any thread. (Templates, so that `unlock({})` means a
  /// Context.)
  template <std::same_as<Lease> GrantedLease>
  void unlock(const GrantedLease& lease, const Context& context = {}) {
    do_unlock(lease, context);
  }
  template <std::same_as<Lease> GrantedLease>
  void unlock(const GrantedLease& lease, const Context& context, std::error_code& error) noexcept {
    unlock_lease(lease, context, error);
  }

  /// One attempt without queueing, of at most a second. False if somebody else holds the lock.
  /// Throws `no_server_answered`, and the errors that waiting does not cure, as `lock` does.
  [[nodiscard]] bool try_lock();
  /// The same attempt. An empty lease and the error, `locking_timed_out` if somebody else holds the
  /// lock.
  [[nodiscard]] Lease try_lock(std::error_code& error) noexcept;

  /// As `lock` with a timeout or a deadline. False instead of `locking_timed_out`.
  template <class Rep, class Period>
  [[nodiscard]] bool try_lock_for(std::chrono::duration<Rep, Period> timeout) {
    return try_lock(Context().with_timeout(timeout));
  }
  template <class Clock, class Duration>
  [[nodiscard]] bool try_lock_until(std::chrono::time_point<Clock, Duration> deadline) {
    return try_lock(Context().with_deadline(deadline));
  }

  /// The owner who holds the lock through this object, "" if there is none.
  [[nodiscard]] std::string owner() const { return do_owner(); }

  /// The path of the lock in ZooKeeper: "/my/locks". "" for a lock that has none, such as a mock.
  [[nodiscard]] std::string path() const { return do_path(); }

 protected:
  Lock() = default;
  Lock(const Lock&) = default;
  Lock& operator=(const Lock&) = default;

 private:
  // One virtual function for each operation. They throw LockError; MockLock mocks them.
  virtual Lease do_lock(const Context& context) = 0;
  virtual void do_unlock(const Context& context) = 0;
  virtual void do_unlock(const Lease& lease, const Context& context) = 0;
  [[nodiscard]] virtual std::string do_owner() const = 0;
  // For a guard that may have been moved to the calling thread.
  virtual void do_unlock_of_guard(const Context& context);
  // Default: "". A lock that passes calls on to another one must pass on this one, too: `lock_all`
  // goes by it.
  [[nodiscard]] virtual std::string do_path() const;

  bool try_lock(const Context& context);
  void unlock_lease(const Lease& lease, const Context& context, std::error_code& error) noexcept;
};

/// Holds a lock for a scope.
///
///     zklock::LockGuard guard(lock, 3s);
///     store.write(value, guard.lease().fencing_token());
class ZKLOCK_EXPORT LockGuard {
 public:
  /// Locks: see Lock::lock. REQUIRES: `lock` outlives the guard.
  explicit LockGuard(Lock& lock, const Context& context = {})
      : lock_(&lock), lease_(lock.lock(context)) {}
  template <class Rep, class Period>
  LockGuard(Lock& lock, std::chrono::duration<Rep, Period> timeout)
      : lock_(&lock), lease_(lock.lock(timeout)) {}

  /// Unlocks, unless `unlock` has been called. Blocks as Lock::unlock() does, and does not throw;
  /// unfinished work continues in the background, and is logged and reported to the observer.
  ~LockGuard();

  LockGuard(const LockGuard&) = delete;
  LockGuard& operator=(const LockGuard&) = delete;

  [[nodiscard]] const Lease& lease() const noexcept { return lease_; }

  /// Unlocks, and throws the error that the destructor could only log. Afterwards the destructor
  /// does nothing.
  void unlock(const Context& context = {});

 private:
  Lock* lock_;  // null after unlock
  Lease lease_;
};

}  // namespace zklock

#endif  // ZKLOCK_LOCK_H_
