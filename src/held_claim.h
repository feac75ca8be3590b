// held_claim.h: a claim that was granted: watched, renewed, released, or lost.
#ifndef ZKLOCK_SRC_HELD_CLAIM_H_
#define ZKLOCK_SRC_HELD_CLAIM_H_

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "claim_node.h"
#include "lease_state.h"
#include "lock_settings.h"

namespace zklock::internal {

class HeldClaim final : public LeaseState {
 public:
  HeldClaim(std::shared_ptr<const LockSettings> settings, ClaimNode node, std::string owner,
            std::optional<BootTime> ttl_end);
  ~HeldClaim() override;
  HeldClaim(const HeldClaim&) = delete;
  HeldClaim& operator=(const HeldClaim&) = delete;

  void start() override;
  void renew(const Context& context) override;
  void verify(const Context& context) override;

  /// Makes `valid()` false, then removes the claim. Throws LockError: `lock_lost`,
  /// `unlocking_failed` (the removal goes on in the background), `unlocking_failed` without a cause
  /// if it was released.
  void release(const Context& context);
  /// Loses the lease, as the client or the lock is being closed; the claim is removed.
  void abandon(const Context& context) noexcept;

  [[nodiscard]] Lease lease() { return LeaseAccess::make(shared_from_this()); }

 private:
  class OwnWatch;

  void on_loss() noexcept override;
  void after_loss() noexcept override;
  void watch_own_claim();
  void rewrite(const Context& context);
  [[noreturn]] void fail_as_lost() const;
  [[nodiscard]] Result<void> remove(const Context& context);

  const std::shared_ptr<const LockSettings> settings_;
  std::shared_ptr<OwnWatch> watch_;  // set by start

  Monitor monitor_;
  bool writing_ = false;  // guarded by monitor_.mutex: a thread has node_ to itself
  ClaimNode node_;        // of the thread that has set writing_
  std::mutex timer_mutex_;
  Executor::Ticket timer_ = 0;  // guarded by timer_mutex_
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_HELD_CLAIM_H_
