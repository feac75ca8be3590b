// held_claim.h: a claim that was granted: it is watched, renewed, and released or lost.
#ifndef ZKLOCK_SRC_LOCK_HELD_CLAIM_H_
#define ZKLOCK_SRC_LOCK_HELD_CLAIM_H_

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "lock/claim_node.h"
#include "lock/claim_watch.h"
#include "lock/lease_state.h"
#include "lock/lock_settings.h"

namespace zklock::internal {

class HeldClaim final : public LeaseState {
 public:
  /// `client`: the client of the claim's session.
  HeldClaim(std::shared_ptr<const LockSettings> settings, std::shared_ptr<ClaimClient> client,
            const CreatedClaim& claim, ClaimNode node, std::string owner, std::string trace,
            std::optional<BootTime> ttl_end);
  ~HeldClaim() override;
  HeldClaim(const HeldClaim&) = delete;
  HeldClaim& operator=(const HeldClaim&) = delete;

  /// `own`: the watch on this claim while it waited; null: it was not watched. Called once.
  void begin_hold(std::shared_ptr<ClaimWatch> own, bool has_waited);
  [[nodiscard]] std::chrono::milliseconds ttl() const noexcept override { return settings_->ttl; }
  [[nodiscard]] std::shared_ptr<ClaimClient> client() const override { return client_; }
  void renew(const Context& context) override;
  void verify(const Context& context) override;

  /// Makes `valid()` false, then removes the claim. Throws LockError: `lock_lost`;
  /// `unlocking_failed` (the removal continues in the background); `unlocking_failed` without a
  /// cause if it was released before.
  void release(const Context& context);
  /// Waits until the claim of a lost lease is removed, which has begun already, if there is a
  /// connection.
  void await_removal(const Context& context) noexcept;

  [[nodiscard]] Lease lease() { return LeaseAccess::make(shared_from_this()); }

 private:
  class OwnWatch;

  /// Writing the claim's data, which says until when it may be held.
  struct Renewal {
    explicit Renewal(ClaimNode claim) : node(std::move(claim)) {}

    Monitor monitor;
    bool writing ZKLOCK_GUARDED_BY(monitor.mutex) = false;  // by one thread
    ClaimNode node;                                         // of the thread that set `writing`
  };

  void check_claim(const std::function<void(Result<void>)>& answered) override;
  void after_suspension() noexcept override;
  void after_resumption() noexcept override;
  void on_loss() noexcept override;
  void after_loss() noexcept override;
  void report_overdue() noexcept override;
  void run_callback(std::function<void()> callback) override {
    settings_->callbacks.post(std::move(callback));
  }
  [[nodiscard]] std::string about(const char* what) const;
  void watch_own_claim();
  void watch_own_claim_later(std::chrono::nanoseconds pause);
  void rewrite(const Context& context);
  void remove_in_background();
  [[nodiscard]] Result<void> remove(const Context& context);

  const std::shared_ptr<const LockSettings> settings_;
  const std::shared_ptr<ClaimClient> client_;
  const std::unique_ptr<Renewal> renewal_;  // null: without a TTL
  // In the session. Of the thread that ends the lease: LeaseState lets only one of them do so.
  std::shared_ptr<void> reservation_;
  // Constant after `begin_hold`.
  std::shared_ptr<OwnWatch> watch_;
  std::shared_ptr<ClaimWatch> watch_of_the_wait_;  // passes its events on to `watch_`
  Executor::Ticket timer_ = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_HELD_CLAIM_H_
