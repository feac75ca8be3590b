#include "lock/lease_state.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "lock/check_margin.h"

namespace zklock::internal {

LeaseState::LeaseState(Grant grant, std::string owner, std::optional<BootTime> ttl_end,
                       std::shared_ptr<Background> background)
    : grant_(std::move(grant)),
      background_(std::move(background)),
      ttl_end_(ttl_end.value_or(BootTime::max())),
      reliance_(grant_.session ? grant_.session->keep_certain() : nullptr),
      owner_(std::move(owner)) {}

LeaseState::~LeaseState() {
  if (timer_ != 0) background_->timers.cancel(timer_);
}

void LeaseState::start() {
  const LookAtSession look{weak_from_this()};
  if (grant_.certainty_ended.stop_possible()) period_watch_.emplace(grant_.certainty_ended, look);
  if (grant_.suspension && grant_.session) {
    grant_.suspension->loss_watch.emplace(grant_.session->lost(), look);
  }
  watch_clock();
}

void LeaseState::run_callback(std::function<void()> callback) {
  background_->losses.post(std::move(callback));
}

bool LeaseState::valid() noexcept {
  if (!(is_held() || is_suspended()) || is_forked()) return false;
  if (is_uncertain()) end_certainty(session_loss_reason());
  if (Platform::current().boot_now() >= ttl_end_.load()) lose(LossReason::ttl_over);
  if (is_held() && grant_.session) {
    const SteadyTime until = grant_.session->certain_until();
    // Read the clock after that: the process may be frozen in between.
    if (Platform::current().steady_now() >= until) end_certainty(LossReason::cut_off);
  }
  return is_held();
}

bool LeaseState::stands() noexcept { return valid() || (is_suspended() && !is_forked()); }

std::chrono::steady_clock::time_point LeaseState::valid_until() noexcept {
  return valid() ? bound() : SteadyTime::min();
}

std::chrono::steady_clock::time_point LeaseState::bound() const noexcept {
  SteadyTime until = SteadyTime::max();
  if (const BootTime end = ttl_end_.load(); end != BootTime::max()) {
    const Platform& platform = Platform::current();
    const SteadyTime now = platform.steady_now();  // first: see SessionState::certain_until
    until = saturated_sum(now, saturated_difference(end, platform.boot_now()));
  }
  if (grant_.session) until = std::min(until, grant_.session->certain_until());
  return until;
}

std::chrono::nanoseconds LeaseState::remaining() noexcept {
  const SteadyTime until = valid_until();  // before the clock is read: see `valid`
  if (until == SteadyTime::max()) return std::chrono::nanoseconds::max();
  const SteadyTime now = Platform::current().steady_now();
  return std::max(saturated_difference(until, now), std::chrono::nanoseconds(0));
}

std::string LeaseState::trace() const { return grant_.trace ? *grant_.trace : std::string(); }

void LeaseState::keep(std::shared_ptr<void> kept) {
  MutexLock lock(mutex_);
  std::swap(on_demand().kept, kept);
  lock.unlock();  // the end of the old one may wait for a callback
}

std::chrono::nanoseconds LeaseState::held_for() const noexcept {
  return std::min(ended_at_.load(), Platform::current().steady_now()) - begun_at_;
}

std::error_code LeaseState::loss_reason() const noexcept {
  const int phase = phase_.load();
  if (phase == kHeld || phase == kSuspended || phase == kReleased) return {};
  return static_cast<LossReason>(phase);
}

std::string LeaseState::owner() const {
  if (is_forked()) return {};
  const MutexLock lock(mutex_);
  return owner_;
}

bool LeaseState::set_owner(std::string owner) {
  const MutexLock lock(mutex_);
  if (!owner_.empty()) return false;
  owner_ = std::move(owner);
  return true;
}

LossReason LeaseState::session_loss_reason() const noexcept {
  if (!grant_.session) return LossReason::session_expired;
  // A user's own session may give any code.
  const std::error_code reason = grant_.session->loss_reason();
  const bool is_known =
      reason.value() > 0 && reason.category() == make_error_code(LossReason::cut_off).category();
  return is_known ? static_cast<LossReason>(reason.value()) : LossReason::session_expired;
}

/// The one end of a lease. Returns false if it has ended before.
bool LeaseState::end_as(int phase) noexcept {
  int before = phase_.load();
  do {
    if (before != kHeld && before != kSuspended) return false;
  } while (!phase_.compare_exchange_weak(before, phase));
  reliance_.reset();
  return true;
}

bool LeaseState::try_lose(LossReason reason) noexcept {
  if (!end_as(static_cast<int>(reason))) return false;
  on_loss();
  report_end();
  return true;
}

bool LeaseState::lose(LossReason reason, std::shared_ptr<void> kept) noexcept {
  if (!try_lose(reason)) return false;
  // Tasks of their own, and first: callbacks of `lost()` may take long.
  warn(std::chrono::nanoseconds::min());
  try {
    if (grant_.suspension) {
      run_callback([told = grant_.suspension->told()]() mutable { told.request_stop(); });
    }
    run_callback([self = shared_from_this(), kept = std::move(kept)] { self->report_loss(); });
  } catch (...) {   // out of memory
    report_loss();  // on this thread: it must be reported
  }
  return true;
}

void LeaseState::lose_now(LossReason reason) noexcept {
  if (try_lose(reason)) report_loss();
}

void LeaseState::report_loss() noexcept {
  lost_.request_stop();
  if (grant_.suspension) grant_.suspension->told().request_stop();
  for (StopsByMargin::Stop& warning : take_warnings(std::chrono::nanoseconds::min())) {
    warning.source.request_stop();
  }
  after_loss();
}

bool LeaseState::release() noexcept {
  if (!stands() || !end_as(kReleased)) return false;
  report_end();
  return true;
}

void LeaseState::prolong(BootTime ttl_end) { ttl_end_.store(ttl_end); }

LeaseState::OnDemand& LeaseState::on_demand() {
  if (!on_demand_) on_demand_ = std::make_unique<OnDemand>();
  return *on_demand_;
}

std::int64_t LeaseState::zxid_of_grant() const {
  const MutexLock lock(mutex_);
  return on_demand_ ? on_demand_->zxid_of_grant : 0;
}

void LeaseState::learn_zxid_of_grant(std::int64_t zxid) {
  const MutexLock lock(mutex_);
  on_demand().zxid_of_grant = zxid;
}

std::stop_token LeaseState::ended() {
  MutexLock lock(mutex_);
  std::stop_source ended(on_demand().ended);
  lock.unlock();
  // It may have ended before there was a source.
  if (!is_held() && !is_suspended()) ended.request_stop();
  return ended.get_token();
}

void LeaseState::report_end() noexcept {
  ended_at_ = Platform::current().steady_now();
  if (grant_.suspension) grant_.suspension->notify();
  MutexLock lock(mutex_);
  if (!on_demand_) return;
  std::stop_source ended(on_demand_->ended);
  lock.unlock();
  ended.request_stop();
}

std::chrono::milliseconds LeaseState::longest_margin() const noexcept {
  if (is_forked()) return std::chrono::milliseconds(0);  // as in `ending`
  return internal::longest_margin(ttl(), grant_.session.get());
}

std::stop_token LeaseState::ending(std::chrono::milliseconds margin) {
  if (is_forked()) return stopped_token();  // first: the session's mutex may be locked forever
  check_margin(margin, ttl(), grant_.session.get());
  if (remaining() <= margin) return stopped_token();
  StopsByMargin::Found found;
  {
    const MutexLock lock(mutex_);
    found = on_demand().warnings.at(margin);
  }
  if (found.is_new) {
    watch_session(margin, found.token);
    watch_clock();
    if (!is_held() && !is_released()) warn(std::chrono::nanoseconds::min());  // lost meanwhile
  }
  return found.token;
}

void LeaseState::watch_session(std::chrono::milliseconds margin, const std::stop_token& warning) {
  if (!grant_.session) return;
  const auto watch = std::make_shared<std::stop_callback<WarnOfSession>>(
      grant_.session->ending(margin), WarnOfSession{weak_from_this(), margin});
  const MutexLock lock(mutex_);
  static_cast<void>(on_demand().warnings.keep(warning, watch));
}

std::list<StopsByMargin::Stop> LeaseState::take_warnings(std::chrono::nanoseconds left) noexcept {
  const MutexLock lock(mutex_);
  return on_demand_ ? on_demand_->warnings.take(left) : std::list<StopsByMargin::Stop>();
}

/// On any thread, also the network's.
void LeaseState::warn(std::chrono::nanoseconds left) noexcept {
  for (StopsByMargin::Stop& warning : take_warnings(left)) {
    try {
      run_callback([self = shared_from_this(), source = warning.source]() mutable {
        if (!self->is_released()) source.request_stop();
      });
    } catch (...) {  // out of memory
      warning.source.request_stop();
    }
  }
}

void LeaseState::watch_clock() {
  const Platform& platform = Platform::current();
  const auto ttl_left = [&] { return saturated_difference(ttl_end_.load(), platform.boot_now()); };
  if (ttl_end_.load() == BootTime::max()) return;
  warn(ttl_left());
  const MutexLock lock(mutex_);
  const std::chrono::nanoseconds left = ttl_left();  // the last one to set the timer knows best
  background_->timers.cancel(timer_);
  const auto margin = on_demand_ ? on_demand_->warnings.largest() : std::chrono::milliseconds(0);
  timer_ = background_->timers.schedule(saturated_sum(platform.steady_now(), left - margin),
                                        [weak = weak_from_this()] {
                                          const auto self = weak.lock();
                                          // If it still stands, it was renewed in between, or
                                          // there is somebody to warn.
                                          if (self && self->stands()) self->watch_clock();
                                        });
}

void LeaseState::require(std::chrono::milliseconds margin, const Context& context) {
  if (is_forked()) fail_as_lost();
  check_margin(margin, ttl(), grant_.session.get());
  bool has_tried = false;
  for (Backoff pause;; pause.wait(context)) {
    await_certainty(context);
    if (remaining() >= margin) return;
    // A session of a user's may say too early that it is certain.
    if (std::exchange(has_tried, true) && has_ended(context)) {
      const auto end =
          context.canceled() ? ZooKeeperErrc::canceled : ZooKeeperErrc::operation_timeout;
      fail_as_unconfirmed("confirm", end, context);
    }
    const BootTime soonest = Platform::current().boot_now() + margin;
    if (ttl_end_.load() < soonest) renew(context);
    if (!grant_.session) continue;
    const Result<void> certain = grant_.session->become_certain(margin, context);
    if (certain.error() == ZooKeeperErrc::session_expired) lose(session_loss_reason());
    if (!stands()) fail_as_lost();
    if (!certain) fail_as_unconfirmed("confirm", certain.error(), context);
  }
}

void LeaseState::fail_as_lost() const {
  std::string how = grant_.znode;
  std::error_code cause;
  if (is_forked()) {
    how.append(" belongs to the parent process");
    cause = ZooKeeperErrc::forked;
  } else if (is_released()) {
    how.append(" was released");
  } else {
    how.append(": ").append(loss_reason().message());
  }
  throw LockError(Errc::lock_lost, how, cause);
}

void LeaseState::fail_as_unconfirmed(const char* what, std::error_code error,
                                     const Context& context) const {
  const bool is_outage = is_unanswered(error) && !context.canceled();
  std::string text = "could not ";
  text.append(what).append(" ").append(grant_.znode).append(": ").append(error.message());
  throw LockError(is_outage ? Errc::no_server_answered : Errc::locking_failed, text, error);
}

}  // namespace zklock::internal
