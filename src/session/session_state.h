// session_state.h: one session as the client knows it, shared with everything that lives in it.
#ifndef ZKLOCK_SRC_SESSION_SESSION_STATE_H_
#define ZKLOCK_SRC_SESSION_SESSION_STATE_H_

#include <zklock/advanced/claim_client.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <system_error>

#include "base/platform.h"
#include "base/stops_by_margin.h"
#include "session/evidence.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Periods of certainty follow each other: one ends when the evidence runs out, and the next begins
/// with new evidence. A lease of the first period stays lost in the second.
class SessionState final : public Session {
 public:
  explicit SessionState(const SessionIdentity& identity)
      : id_(identity.id), evidence_(identity.timeout) {}

  [[nodiscard]] std::int64_t id() const noexcept override { return id_; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept override;
  [[nodiscard]] std::stop_token lost() const noexcept override { return lost_.get_token(); }
  [[nodiscard]] std::error_code loss_reason() const noexcept override;
  [[nodiscard]] SteadyTime certain_until() const noexcept override;
  [[nodiscard]] std::stop_token uncertain() const noexcept override;
  [[nodiscard]] std::stop_token ending(std::chrono::milliseconds margin) const override;
  [[nodiscard]] std::shared_ptr<void> keep_certain() const override;
  [[nodiscard]] Result<void> become_certain(std::chrono::nanoseconds in_hand,
                                            const Context& context) const override;
  [[nodiscard]] std::stop_token certain_again() const override;

  /// When `expire_if_due` has something to do, if there is no newer evidence by then. By the clock
  /// that goes on while the machine is suspended.
  [[nodiscard]] BootTime next_expiry() const noexcept;
  /// become_certain calls `source` to get newer evidence: on any thread, with no mutex held.
  void get_evidence_from(std::function<void()> source);
  /// `ending` calls `look` when next_expiry may have become earlier: on any thread, with no mutex
  /// held.
  void look_again_with(std::function<void()> look);
  /// Whether anybody relies on the session: see keep_certain.
  [[nodiscard]] bool is_relied_on() const noexcept;

  // Evidence. Called by the wire's thread. Each may run the stop callbacks of `uncertain()` and
  // `ending()`.
  void handshake(std::chrono::milliseconds timeout, BootTime begun, BootTime now) noexcept;
  void answered(const Answered& operation) noexcept;
  /// Ends the period if the evidence has run out, and warns of that.
  void expire_if_due(BootTime now) noexcept;

  /// Ends the period, whatever the evidence: the client may be about to end the session without
  /// noticing.
  void void_evidence() noexcept;

  /// The session is gone. The first reason stays. Runs the stop callbacks of `lost()` and of
  /// `uncertain()`.
  void lose(LossReason reason) noexcept;

 private:
  [[nodiscard]] BootTime certain_until_boot() const noexcept;
  [[nodiscard]] bool is_certain_again() const noexcept ZKLOCK_REQUIRES(monitor_.mutex);
  /// Requests stop on the `ending` tokens of a period that is over.
  void end_warnings() noexcept;
  template <class Change>
  void learn(BootTime now, const Change& change) noexcept;

  const std::int64_t id_;
  std::atomic<int> reason_{0};  // a LossReason once lost; written with monitor_.mutex held
  std::stop_source lost_;

  mutable Monitor monitor_;
  Evidence evidence_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  bool is_certain_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;  // the period has begun
  std::stop_source period_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // of certainty
  // Of the period.
  mutable StopsByMargin endings_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  mutable std::stop_source again_ ZKLOCK_GUARDED_BY(monitor_.mutex){
      std::nostopstate};  // no stop state: nobody waits for it
  // When that began, if there has not been enough since; max: it has not.
  mutable BootTime again_since_ ZKLOCK_GUARDED_BY(monitor_.mutex) = BootTime::max();
  mutable std::weak_ptr<void> reliance_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::function<void()> source_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::function<void()> look_ ZKLOCK_GUARDED_BY(monitor_.mutex);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_SESSION_STATE_H_
