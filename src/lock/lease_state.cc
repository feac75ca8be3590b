#include "lock/lease_state.h"

#include <algorithm>
#include <chrono>

#include "base/mutex.h"

namespace zklock::internal {

LeaseState::LeaseState(Grant grant, std::string owner, std::optional<BootTime> ttl_end,
                       std::shared_ptr<Background> background)
    : grant_(std::move(grant)),
      background_(std::move(background)),
      ttl_end_(ttl_end.value_or(BootTime::max())),
      reliance_(grant_.session ? grant_.session->keep_certain() : nullptr),
      owner_(std::move(owner)) {}

LeaseState::~LeaseState() {
  if (timer_ != 0 && !is_forked()) background_->timers.cancel(timer_);
}

void LeaseState::start() {
  if (grant_.certainty_ended.stop_possible()) {
    session_watch_.emplace(grant_.certainty_ended, LoseWithSession{weak_from_this()});
  }
  watch_clock();
}

bool LeaseState::valid() noexcept {
  if (phase_.load() != kHeld || is_forked()) return false;
  if (grant_.certainty_ended.stop_requested()) {
    lose(session_loss_reason());
    return false;
  }
  if (Platform::current().boot_now() >= ttl_end_.load()) {
    lose(LossReason::ttl_over);
    return false;
  }
  if (grant_.session) {
    const SteadyTime until = grant_.session->certain_until();
    // Read the clock after that: the process may be frozen in between.
    if (Platform::current().steady_now() >= until) {
      lose(LossReason::cut_off);
      return false;
    }
  }
  return true;
}

std::chrono::steady_clock::time_point LeaseState::valid_until() noexcept {
  if (!valid()) return SteadyTime::min();
  SteadyTime until = SteadyTime::max();
  if (const BootTime end = ttl_end_.load(); end != BootTime::max()) {
    const Platform& platform = Platform::current();
    const SteadyTime now = platform.steady_now();  // first: see SessionState::certain_until
    until = saturated_sum(now, saturated_difference(end, platform.boot_now()));
  }
  if (grant_.session) until = std::min(until, grant_.session->certain_until());
  return until;
}

std::error_code LeaseState::loss_reason() const noexcept {
  const int phase = phase_.load();
  if (phase == kHeld || phase == kReleased) return {};
  return static_cast<LossReason>(phase);
}

std::string LeaseState::owner() const {
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

bool LeaseState::try_lose(LossReason reason) noexcept {
  int held = kHeld;
  if (!phase_.compare_exchange_strong(held, static_cast<int>(reason))) return false;
  reliance_.reset();
  on_loss();
  return true;
}

bool LeaseState::lose(LossReason reason) noexcept {
  if (!try_lose(reason)) return false;
  try {
    background_->losses.post([self = shared_from_this()] {
      self->lost_.request_stop();
      self->after_loss();
    });
  } catch (...) {          // out of memory
    lost_.request_stop();  // on this thread: the loss must be reported
    after_loss();
  }
  return true;
}

void LeaseState::lose_now(LossReason reason) noexcept {
  if (!try_lose(reason)) return;
  lost_.request_stop();
  after_loss();
}

bool LeaseState::release() noexcept {
  if (!valid()) return false;
  int held = kHeld;
  if (!phase_.compare_exchange_strong(held, kReleased)) return false;
  reliance_.reset();
  return true;
}

void LeaseState::prolong(BootTime ttl_end) { ttl_end_.store(ttl_end); }

void LeaseState::watch_clock() {
  const BootTime end = ttl_end_.load();
  if (end == BootTime::max()) return;
  const Platform& platform = Platform::current();
  const SteadyTime at =
      saturated_sum(platform.steady_now(), saturated_difference(end, platform.boot_now()));
  const MutexLock lock(mutex_);
  timer_ = background_->timers.schedule(at, [weak = weak_from_this()] {
    const auto self = weak.lock();
    // If it is still valid, it was renewed in between.
    if (self && self->valid()) self->watch_clock();
  });
}

}  // namespace zklock::internal
