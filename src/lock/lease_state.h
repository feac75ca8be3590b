// lease_state.h: what stands behind a Lease: one grant, from the moment it is given to its one end.
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

/// What was granted. Constant.
struct Grant {
  std::string znode;
  std::int64_t fencing_token = 0;
  std::shared_ptr<const Session> session;  // null: the client does not know its session
  std::stop_token certainty_ended;         // the session is lost, or not certain any more
  std::shared_ptr<void> reliance{};        // keeps it certain
};

/// Held, then released or lost, for good. Whether it still is valid is asked of the clock, the
/// session and the phase together: no thread has to run for `valid()` to be false in time.
///
/// Thread safety: all of it may be called from any thread.
class ZKLOCK_EXPORT LeaseState : public std::enable_shared_from_this<LeaseState> {
 public:
  /// `ttl_end`: none for a lock without a TTL.
  LeaseState(Grant grant, std::string owner, std::optional<BootTime> ttl_end,
             std::shared_ptr<Background> background);
  virtual ~LeaseState();
  LeaseState(const LeaseState&) = delete;
  LeaseState& operator=(const LeaseState&) = delete;

  /// Begins to watch the session and the clock. Called once, when the object is held by a
  /// shared_ptr.
  virtual void start();

  [[nodiscard]] bool valid() noexcept;
  [[nodiscard]] std::chrono::steady_clock::time_point valid_until() noexcept;
  [[nodiscard]] std::stop_token lost() const noexcept { return lost_.get_token(); }
  [[nodiscard]] std::error_code loss_reason() const noexcept;
  [[nodiscard]] const Grant& grant() const noexcept { return grant_; }
  [[nodiscard]] std::string owner() const;
  /// False: it has one already.
  bool set_owner(std::string owner);

  /// Throw LockError.
  virtual void renew(const Context& context) = 0;
  virtual void verify(const Context& context) = 0;

  /// Ends the lease as lost: `valid()` is false from now on; then stop is requested on `lost()`, on
  /// the thread for callbacks. Nothing happens if it has ended before. Returns whether it was this
  /// call.
  bool lose(LossReason reason) noexcept;
  /// The same, but stop is requested before it returns.
  void lose_now(LossReason reason) noexcept;
  /// Ends the lease as released. False: it was released before, or is lost.
  [[nodiscard]] bool release() noexcept;
  [[nodiscard]] bool is_released() const noexcept { return phase_.load() == kReleased; }
  /// It was inherited through fork(): the parent's, and never valid here.
  [[nodiscard]] bool is_forked() const noexcept { return fork_count() != forks_; }

 protected:
  /// The lease was lost: after `valid()` is false, before stop is requested. On any thread; must
  /// not block.
  virtual void on_loss() noexcept {}
  /// Stop was requested. On the thread for callbacks, without a lock held.
  virtual void after_loss() noexcept {}

  /// Moves the end of the TTL. The lease may have ended meanwhile: see `valid`.
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
  std::optional<std::stop_callback<LoseWithSession>> session_watch_;  // set by start

  mutable Mutex mutex_;
  std::string owner_ ZKLOCK_GUARDED_BY(mutex_);
  Executor::Ticket timer_ ZKLOCK_GUARDED_BY(mutex_) = 0;
};

/// How the library makes leases and looks into them.
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
