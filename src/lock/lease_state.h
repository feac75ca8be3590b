// lease_state.h: the state behind a Lease: one grant, from its beginning to its one end.
#ifndef ZKLOCK_SRC_LOCK_LEASE_STATE_H_
#define ZKLOCK_SRC_LOCK_LEASE_STATE_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>
#include <zklock/lock.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>

#include "base/background.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "base/stops_by_margin.h"
#include "lock/lease_suspension.h"

namespace zklock::internal {

/// The constant part of a grant.
struct Grant {
  std::string znode;
  std::int64_t fencing_token = 0;
  std::shared_ptr<const Session> session;      // null: the client does not know its session
  std::stop_token certainty_ended;             // the session is lost, or no longer certain
  std::unique_ptr<Suspension> suspension{};    // null: it is lost when it is not certain
  std::unique_ptr<const std::string> trace{};  // null: none
};

/// Held, and suspended at times, then released or lost, for good. `valid()` asks the clock, the
/// session and the phase, so no thread has to run for it to become false in time.
///
/// Exported for zklock::fake, which derives from it; what is marked as hidden, it does not call.
///
/// REQUIRES: made by make_of_this_process. Thread safety: all of it may be called from any thread.
class ZKLOCK_EXPORT LeaseState : public std::enable_shared_from_this<LeaseState> {
 public:
  /// `ttl_end`: none without a TTL.
  LeaseState(Grant grant, std::string owner, std::optional<BootTime> ttl_end,
             std::shared_ptr<Background> background);
  virtual ~LeaseState();
  LeaseState(const LeaseState&) = delete;
  LeaseState& operator=(const LeaseState&) = delete;

  /// Begins to watch the session and the clock. Called once. REQUIRES: a shared_ptr owns the
  /// object.
  void start();

  [[nodiscard]] bool valid() noexcept;
  /// Valid or suspended: it has not ended.
  [[nodiscard]] bool stands() noexcept;
  [[nodiscard]] std::chrono::steady_clock::time_point valid_until() noexcept;
  /// `valid_until` of a lease that has not ended. Ends nothing, and waits for nobody.
  [[nodiscard]] std::chrono::steady_clock::time_point bound() const noexcept;
  [[nodiscard]] std::chrono::nanoseconds remaining() noexcept;
  [[nodiscard]] std::stop_token lost() const noexcept { return lost_.get_token(); }
  /// See Lease::suspended.
  [[nodiscard]] std::stop_token suspended() const noexcept {
    // Forked: the mutex may be locked forever.
    return grant_.suspension && !is_forked() ? grant_.suspension->told().get_token() : lost();
  }
  /// See Lease::await_certainty.
  void await_certainty(const Context& context);
  /// See Lease::ending.
  [[nodiscard]] std::stop_token ending(std::chrono::milliseconds margin);
  [[nodiscard]] ZKLOCK_HIDDEN std::chrono::milliseconds longest_margin() const noexcept;
  /// Stop is requested when the lease is released or lost, by the thread that ends it: the
  /// callbacks return at once.
  [[nodiscard]] ZKLOCK_HIDDEN std::stop_token ended();
  [[nodiscard]] std::error_code loss_reason() const noexcept;
  /// "": none.
  [[nodiscard]] std::string trace() const;
  /// Keeps `kept` for as long as it lives.
  ZKLOCK_HIDDEN void keep(std::shared_ptr<void> kept);
  /// See Lease::held_for.
  [[nodiscard]] ZKLOCK_HIDDEN std::chrono::nanoseconds held_for() const noexcept;
  [[nodiscard]] const Grant& grant() const noexcept { return grant_; }
  /// A zxid after all that earlier holders wrote, and before what is written with it. 0: not known
  /// yet. For guarded writes.
  [[nodiscard]] std::int64_t zxid_of_grant() const;
  ZKLOCK_HIDDEN void learn_zxid_of_grant(std::int64_t zxid);
  [[nodiscard]] std::string owner() const;
  /// Returns false if it has an owner already.
  bool set_owner(std::string owner);

  /// How long it may be held after the grant, or a renewal. 0: no limit.
  [[nodiscard]] virtual std::chrono::milliseconds ttl() const noexcept {
    return std::chrono::milliseconds(0);
  }
  /// The client of the claim's session. Null: it has none.
  [[nodiscard]] virtual std::shared_ptr<ClaimClient> client() const { return nullptr; }

  /// The work under it has not returned in time. Without a mutex of ours.
  virtual void report_overdue() noexcept {}

  /// Throw LockError.
  virtual void renew(const Context& context) = 0;
  virtual void verify(const Context& context) = 0;
  /// See Lease::require.
  ZKLOCK_HIDDEN void require(std::chrono::milliseconds margin, const Context& context);

  /// Ends the lease as lost: makes `valid()` false, then requests stop on `lost()`, on a thread for
  /// callbacks, which keeps `kept` until the callbacks have returned. Returns false, and does
  /// nothing, if the lease has ended before.
  bool lose(LossReason reason, std::shared_ptr<void> kept = nullptr) noexcept;
  /// The same, but requests stop before it returns.
  void lose_now(LossReason reason) noexcept;
  /// Ends the lease as released. Returns false if it was released before, or is lost.
  [[nodiscard]] bool release() noexcept;
  [[nodiscard]] bool is_released() const noexcept { return phase_.load() == kReleased; }
  [[nodiscard]] bool is_held() const noexcept { return phase_.load() == kHeld; }
  [[nodiscard]] bool is_suspended() const noexcept { return phase_.load() == kSuspended; }
  /// Whether the period of certainty is over on which the lease relies. Only reads.
  [[nodiscard]] ZKLOCK_HIDDEN bool is_uncertain() const noexcept {
    return grant_.suspension ? grant_.suspension->is_over()
                             : grant_.certainty_ended.stop_requested();
  }
  /// The process inherited it through fork(). It belongs to the parent, and is never valid here.
  /// Its mutex and stop states may stay locked forever.
  [[nodiscard]] bool is_forked() const noexcept { return fork_count() != forks_; }

 protected:
  /// Makes `valid()` false, until the lease is resumed. Its tokens stop on a thread for callbacks.
  /// Does nothing unless it is held.
  void suspend() noexcept;
  /// It is certain again, in this period. Returns false, and does nothing, unless it is suspended.
  bool resume(std::stop_token period);
  /// Proves through a quorum that the claim stands: `answered` gets the outcome, on any thread.
  /// Must not block. Default: says that it stands.
  virtual void check_claim(const std::function<void(Result<void>)>& answered) { answered({}); }
  /// The lease was suspended, or resumed. On a thread for callbacks, without a mutex of ours.
  virtual void after_suspension() noexcept {}
  virtual void after_resumption() noexcept {}

  /// Called when the lease is lost: `valid()` is false, stop is not requested yet. On any thread.
  /// Must not block.
  virtual void on_loss() noexcept {}
  /// Called after stop was requested. On a thread for callbacks, without a mutex of ours.
  virtual void after_loss() noexcept {}
  /// Runs code of the user's on a thread that it may block. May throw std::bad_alloc.
  virtual void run_callback(std::function<void()> callback);

  /// Moves the end of the TTL. The lease may have ended before that: ask `valid` afterwards.
  void prolong(BootTime ttl_end);
  /// Warns of what is due, and looks again when something will be. Called when the end of the TTL
  /// has become earlier.
  void watch_clock();

  /// Throws LockError(lock_lost) that says how the lease has ended. REQUIRES: it has.
  [[noreturn]] void fail_as_lost() const;
  /// The claim may still stand, and the lease goes on.
  [[noreturn]] void fail_as_unconfirmed(const char* what, std::error_code error,
                                        const Context& context) const;

  [[nodiscard]] const std::shared_ptr<Background>& background() const noexcept {
    return background_;
  }

 private:
  friend LookAtSession;
  struct WarnOfSession {
    std::weak_ptr<LeaseState> lease;
    std::chrono::milliseconds margin;
    void operator()() const noexcept {
      if (const auto state = lease.lock()) state->warn(margin);
    }
  };

  /// Few leases are asked for any of this, and there may be many leases.
  struct OnDemand {
    StopsByMargin warnings{};
    std::stop_source ended{};
    std::int64_t zxid_of_grant = 0;
    std::shared_ptr<void> kept{};
  };

  // A phase is one of these, or a LossReason.
  static constexpr int kHeld = 0;
  static constexpr int kReleased = -1;
  static constexpr int kSuspended = -2;

  [[nodiscard]] ZKLOCK_HIDDEN LossReason session_loss_reason() const noexcept;
  [[nodiscard]] ZKLOCK_HIDDEN bool try_lose(LossReason reason) noexcept;
  ZKLOCK_HIDDEN void report_end() noexcept;
  ZKLOCK_HIDDEN void report_loss() noexcept;
  [[nodiscard]] ZKLOCK_HIDDEN bool end_as(int phase) noexcept;
  ZKLOCK_HIDDEN void end_certainty(LossReason reason) noexcept;
  ZKLOCK_HIDDEN void look_at_session() noexcept;
  ZKLOCK_HIDDEN void return_later(std::chrono::nanoseconds pause) noexcept;
  ZKLOCK_HIDDEN void try_to_return();
  ZKLOCK_HIDDEN void on_checked(const std::stop_token& period, const Result<void>& checked);
  ZKLOCK_HIDDEN void warn(std::chrono::nanoseconds left) noexcept;
  ZKLOCK_HIDDEN void watch_session(std::chrono::milliseconds margin,
                                   const std::stop_token& warning);
  [[nodiscard]] ZKLOCK_HIDDEN OnDemand& on_demand() ZKLOCK_REQUIRES(mutex_);
  [[nodiscard]] ZKLOCK_HIDDEN std::list<StopsByMargin::Stop> take_warnings(
      std::chrono::nanoseconds left) noexcept;

  const Grant grant_;
  const std::shared_ptr<Background> background_;
  const int forks_ = fork_count();
  std::atomic<int> phase_{kHeld};
  std::atomic<BootTime> ttl_end_;  // BootTime::max(): no TTL
  const SteadyTime begun_at_ = Platform::current().steady_now();
  std::atomic<SteadyTime> ended_at_{SteadyTime::max()};  // max: it has not ended
  std::stop_source lost_;
  std::shared_ptr<void> reliance_;  // on the session; of the thread that ends the lease
  SessionWatch period_watch_;       // after `start`, of the thread for timers

  mutable Mutex mutex_;
  std::string owner_ ZKLOCK_GUARDED_BY(mutex_);
  std::unique_ptr<OnDemand> on_demand_ ZKLOCK_GUARDED_BY(mutex_);  // null: not needed yet
  Executor::Ticket timer_ ZKLOCK_GUARDED_BY(mutex_) = 0;
};

/// The library makes leases, and looks into them, with this.
struct LeaseAccess {
  static Lease make(std::shared_ptr<LeaseState> state) {
    Lease lease;
    lease.state_ = std::move(state);
    return lease;
  }
  static const std::shared_ptr<LeaseState>& state(const Lease& lease) noexcept {
    return lease.state_;
  }
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_LEASE_STATE_H_
