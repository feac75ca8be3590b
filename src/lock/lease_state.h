// lease_state.h: the state behind a Lease: one grant, from its beginning to its one end.
#ifndef ZKLOCK_SRC_LOCK_LEASE_STATE_H_
#define ZKLOCK_SRC_LOCK_LEASE_STATE_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>
#include <zklock/lock.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>

#include "base/background.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// The constant part of a grant.
struct Grant {
  std::string znode;
  std::int64_t fencing_token = 0;
  std::shared_ptr<const Session> session;  // null: the client does not know its session
  std::stop_token certainty_ended;         // the session is lost, or no longer certain
};

/// Held, then released or lost, forever. `valid()` asks the clock, the session and the phase, so no
/// thread has to run for it to become false in time.
///
/// Thread safety: all of it may be called from any thread.
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
  virtual void start();

  [[nodiscard]] bool valid() noexcept;
  [[nodiscard]] std::chrono::steady_clock::time_point valid_until() noexcept;
  [[nodiscard]] std::stop_token lost() const noexcept { return lost_.get_token(); }
  [[nodiscard]] std::error_code loss_reason() const noexcept;
  [[nodiscard]] const Grant& grant() const noexcept { return grant_; }
  [[nodiscard]] std::string owner() const;
  /// Returns false if it has an owner already.
  bool set_owner(std::string owner);

  /// Throw LockError.
  virtual void renew(const Context& context) = 0;
  virtual void verify(const Context& context) = 0;

  /// Ends the lease as lost: makes `valid()` false, then requests stop on `lost()`, on the thread
  /// for callbacks. Returns false, and does nothing, if the lease has ended before.
  bool lose(LossReason reason) noexcept;
  /// The same, but requests stop before it returns.
  void lose_now(LossReason reason) noexcept;
  /// Ends the lease as released. Returns false if it was released before, or is lost.
  [[nodiscard]] bool release() noexcept;
  [[nodiscard]] bool is_released() const noexcept { return phase_.load() == kReleased; }
  /// The process inherited it through fork(). It belongs to the parent, and is never valid here.
  [[nodiscard]] bool is_forked() const noexcept { return fork_count() != forks_; }

 protected:
  /// Called when the lease is lost: `valid()` is false, stop is not requested yet. On any thread.
  /// Must not block.
  virtual void on_loss() noexcept {}
  /// Called after stop was requested. On the thread for callbacks, without a mutex of ours.
  virtual void after_loss() noexcept {}

  /// Moves the end of the TTL. The lease may have ended before that: ask `valid` afterwards.
  void prolong(BootTime ttl_end);

  [[nodiscard]] const std::shared_ptr<Background>& background() const noexcept {
    return background_;
  }

 private:
  struct LoseWithSession {
    std::weak_ptr<LeaseState> lease;
    void operator()() const noexcept {
      if (const auto state = lease.lock()) state->lose(state->session_loss_reason());
    }
  };

  // A phase is one of these, or a LossReason.
  static constexpr int kHeld = 0;
  static constexpr int kReleased = -1;

  [[nodiscard]] LossReason session_loss_reason() const noexcept;
  [[nodiscard]] bool try_lose(LossReason reason) noexcept;
  void watch_clock();

  const Grant grant_;
  const std::shared_ptr<Background> background_;
  const int forks_ = fork_count();
  std::atomic<int> phase_{kHeld};
  std::atomic<BootTime> ttl_end_;  // BootTime::max(): no TTL
  std::stop_source lost_;
  std::optional<std::stop_callback<LoseWithSession>> session_watch_;  // constant after `start`
  std::shared_ptr<void> reliance_;  // on the session; of the thread that ends the lease

  mutable Mutex mutex_;
  std::string owner_ ZKLOCK_GUARDED_BY(mutex_);
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
