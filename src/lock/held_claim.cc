#include "lock/held_claim.h"

#include <chrono>
#include <utility>

#include "base/backoff.h"
#include "base/context_wait.h"
#include "base/error_kinds.h"
#include "base/farewell.h"
#include "base/mutex.h"
#include "lock/ending_report.h"

namespace zklock::internal {

namespace {

/// A shorter hold does not pay for the watch on its own claim.
constexpr std::chrono::milliseconds kShortHold{50};
/// The same with others in the queue: somebody who deletes all of it, one claim after the other,
/// makes each of them the first for a moment.
constexpr std::chrono::milliseconds kShortHoldInAQueue{5};
/// The time for the one attempt of an unlock whose deadline has passed already.
constexpr std::chrono::seconds kUnlockPatience{1};

Grant grant_of(const CreatedClaim& claim, std::string trace, WhenUncertain when_uncertain) {
  Grant grant{claim.path, claim.stat.czxid, claim.session,
              claim.session ? claim.session->uncertain() : std::stop_token()};
  if (claim.session && when_uncertain == WhenUncertain::suspend) {
    grant.suspension = std::make_unique<Suspension>(grant.certainty_ended);
  }
  if (!trace.empty()) grant.trace = std::make_unique<const std::string>(std::move(trace));
  return grant;
}

/// The same cancellation, with a deadline that leaves time for one attempt.
Context context_for_release(const Context& context) {
  if (!context.expired()) return context;
  return Context().with_timeout(kUnlockPatience);
}

}  // namespace

/// Receives the events of the claim while it is held. On the network's thread, so it only passes
/// them on.
class HeldClaim::OwnWatch final : public Watcher {
 public:
  explicit OwnWatch(std::weak_ptr<LeaseState> lease) : lease_(std::move(lease)) {}

  void on_event(const WatchEvent& event) override {
    const auto lease = std::static_pointer_cast<HeldClaim>(lease_.lock());
    if (!lease) return;
    switch (event.type) {
      case WatchEvent::Type::deleted:
        // If the end of its TTL or of its session came first, stands() records that reason.
        if (lease->stands()) lease->lose(LossReason::claim_deleted);
        break;
      case WatchEvent::Type::session_lost:
        // A session reports it itself, with the reason.
        if (!lease->grant().session) lease->lose(LossReason::session_expired);
        break;
      case WatchEvent::Type::reconnected:
      case WatchEvent::Type::created:
      case WatchEvent::Type::changed:
      case WatchEvent::Type::children_changed:
        // Watch it again: a watch ends when it fires, and may be gone with the connection.
        lease->background()->timers.post([weak = lease_] {
          const auto held = std::static_pointer_cast<HeldClaim>(weak.lock());
          if (held && held->stands()) held->watch_own_claim();
        });
        break;
    }
  }

  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

 private:
  const std::weak_ptr<LeaseState> lease_;
};

HeldClaim::HeldClaim(std::shared_ptr<const LockSettings> settings,
                     std::shared_ptr<ClaimClient> client, const CreatedClaim& claim, ClaimNode node,
                     std::string owner, std::string trace, std::optional<BootTime> ttl_end)
    : LeaseState(grant_of(claim, std::move(trace), settings->when_uncertain), std::move(owner),
                 ttl_end, settings->background),
      settings_(std::move(settings)),
      client_(std::move(client)),
      renewal_(settings_->has_ttl() ? std::make_unique<Renewal>(std::move(node)) : nullptr),
      reservation_(claim.reservation) {}

HeldClaim::~HeldClaim() {
  background()->timers.cancel(timer_);
  if (LeaseState::release()) HeldClaim::on_loss();  // remove the claim that was never released
}

void HeldClaim::begin_hold(std::shared_ptr<ClaimWatch> own, bool has_waited) {
  LeaseState::start();
  EndingReport::begin(settings_, *this);
  watch_ = std::make_shared<OwnWatch>(weak_from_this());
  if (!own) return watch_own_claim_later(has_waited ? kShortHoldInAQueue : kShortHold);
  watch_of_the_wait_ = std::move(own);
  const ClaimWatch::News news = watch_of_the_wait_->hand_over_to(watch_);
  // What it has reported is over, so watch anew: that notices a deletion as well. A claim with a
  // TTL has changed by the write of its grant. A basic client may have failed to set the watch.
  if (news.deleted || news.reconnected || news.session_lost) {
    watch_own_claim_later({});
  } else if (news.changed || !grant().session) {
    watch_own_claim_later(kShortHoldInAQueue);
  }
}

void HeldClaim::watch_own_claim_later(std::chrono::nanoseconds pause) {
  const SteadyTime at = Platform::current().steady_now() + pause;
  timer_ = background()->timers.schedule(at, [weak = weak_from_this()] {
    const auto held = std::static_pointer_cast<HeldClaim>(weak.lock());
    if (held && held->stands()) held->watch_own_claim();
  });
}

void HeldClaim::watch_own_claim() {
  // The same watcher as before: after a reconnect, it still has its place.
  std::shared_ptr<Watcher> watcher = watch_;
  if (watch_of_the_wait_) watcher = watch_of_the_wait_;
  client_->watch_in_background(grant().znode, watcher);
}

/// `what` and the claim, for a log line.
std::string HeldClaim::about(const char* what) const {
  return with_trace(what + grant().znode, trace());
}

void HeldClaim::remove_in_background() {
  client_->remove_and_report(grant().znode, settings_->removal_of_claim(trace()));
}

void HeldClaim::report_overdue() noexcept {
  settings_->observe(trace(), [this](LockObserver& observer) { observer.on_overdue(lease()); });
}

void HeldClaim::on_loss() noexcept {
  try {
    remove_in_background();
  } catch (...) {
    settings_->log.error([this] { return about("could not begin to remove "); });
  }
}

void HeldClaim::after_loss() noexcept {
  reservation_.reset();  // the caller may keep a lost lease forever
  settings_->log.warning([this] {
    return with_trace(
        "lost " + settings_->path + " (" + grant().znode + "): " + loss_reason().message(),
        trace());
  });
  settings_->observe(trace(), [this](LockObserver& observer) { observer.on_lost(lease()); });
}

void HeldClaim::check_claim(const std::function<void(Result<void>)>& answered) {
  client_->check_in_background(grant().znode, answered);
}

void HeldClaim::after_suspension() noexcept {
  settings_->log.warning([this] {
    return with_trace("suspended " + settings_->path + " (" + grant().znode +
                          "): no server has confirmed the session in time",
                      trace());
  });
  settings_->observe(trace(), [this](LockObserver& observer) { observer.on_suspended(lease()); });
}

void HeldClaim::after_resumption() noexcept {
  EndingReport::begin(settings_, *this);
  settings_->log.warning([this] {
    return with_trace(
        "resumed " + settings_->path + " (" + grant().znode + "): session and claim stand",
        trace());
  });
  settings_->observe(trace(), [this](LockObserver& observer) { observer.on_resumed(lease()); });
}

void HeldClaim::renew(const Context& context) {
  await_certainty(context);
  if (!renewal_) return;
  Renewal& renewal = *renewal_;
  {
    ContextWait wait(renewal.monitor, context);
    MutexLock lock(renewal.monitor.mutex);
    const WaitEnd end = wait.wait(
        lock, [&renewal]() ZKLOCK_REQUIRES(renewal.monitor.mutex) { return !renewal.writing; });
    // The other write has no answer yet.
    if (end != WaitEnd::ready) fail_as_unconfirmed("renew", error_of(end), context);
    renewal.writing = true;
  }
  const auto done = [&renewal] {
    {
      const MutexLock lock(renewal.monitor.mutex);
      renewal.writing = false;
    }
    renewal.monitor.changed->notify_all();
  };
  try {
    rewrite(context);
  } catch (...) {
    done();
    throw;
  }
  done();
}

/// REQUIRES: renewal_->writing was set by this thread.
void HeldClaim::rewrite(const Context& context) {
  // Counted from before the write is sent, so the lease ends before anybody may purge the claim.
  const BootTime begun = Platform::current().boot_now();
  const Result<void> written =
      renewal_->node.rewrite(*client_, settings_->metadata(owner(), trace()), context);
  if (written.error() == ZooKeeperErrc::no_node || written.error() == ZooKeeperErrc::bad_version) {
    lose(LossReason::claim_deleted);
    fail_as_lost();
  }
  if (!stands()) fail_as_lost();
  if (!written) fail_as_unconfirmed("renew", written.error(), context);
  prolong(saturated_sum(begun, settings_->ttl));
  if (!stands()) fail_as_lost();  // the old end of the TTL came first
}

void HeldClaim::verify(const Context& context) {
  for (Backoff pause;;) {
    await_certainty(context);
    const Result<void> checked =
        client_->check(grant().znode, ZooKeeperClient::kAnyVersion, context);
    if (checked.error() == ZooKeeperErrc::no_node) lose(LossReason::claim_deleted);
    if (!stands()) fail_as_lost();
    if (checked && valid()) return;
    if (checked) continue;
    if (is_retryable(checked.error())) pause.wait(context);
    if (!is_retryable(checked.error()) || has_ended(context)) {
      fail_as_unconfirmed("verify", checked.error(), context);
    }
  }
}

void HeldClaim::release(const Context& context) {
  if (!LeaseState::release()) {
    if (is_released()) {
      throw LockError(Errc::unlocking_failed, grant().znode + " was released already");
    }
    fail_as_lost();
  }
  // Kept until the claim is gone, or is to be removed in the background.
  const std::shared_ptr<void> reservation = std::move(reservation_);
  const Result<void> removed = remove(context_for_release(context));
  if (removed) {
    settings_->observe(trace(), [this](LockObserver& observer) { observer.on_released(lease()); });
    return;
  }
  if (removed.error() == ZooKeeperErrc::no_node) {
    throw LockError(Errc::lock_lost, grant().znode + " had been deleted by somebody else");
  }
  remove_in_background();
  std::string text = "could not remove ";
  text.append(grant().znode).append(" yet: ").append(removed.error().message());
  text.append("; it is removed in the background");
  throw LockError(Errc::unlocking_failed, text, removed.error());
}

/// `no_node`: the claim was gone already at the first attempt.
Result<void> HeldClaim::remove(const Context& context) {
  bool is_unsure = false;  // an earlier attempt may have been carried out
  for (Backoff pause;; pause.wait(context)) {
    const Result<void> removed =
        client_->remove(grant().znode, ZooKeeperClient::kAnyVersion, context);
    if (removed) return {};
    if (removed.error() == ZooKeeperErrc::no_node) {
      // An earlier attempt removed it, or it is gone with its session.
      const std::stop_token gone =
          grant().session ? grant().session->lost() : grant().certainty_ended;
      if (is_unsure || gone.stop_requested()) return {};
      return removed;
    }
    if (!is_retryable(removed.error()) || has_ended(context)) return removed;
    is_unsure = is_unsure || may_have_been_done(removed.error());
  }
}

void HeldClaim::await_removal(const Context& context) noexcept {
  try {
    // A request that is sent after the removal is answered after it.
    const Result<void> removed = client_->remove(grant().znode, ZooKeeperClient::kAnyVersion,
                                                 patience_with(*client_, context));
    if (removed || removed.error() == ZooKeeperErrc::no_node) Farewell::servers_answered();
  } catch (...) {
    settings_->log.error([this] { return about("could not wait for the removal of "); });
  }
}

}  // namespace zklock::internal
