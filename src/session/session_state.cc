#include "session/session_state.h"

#include <algorithm>
#include <list>
#include <utility>

#include "base/context_wait.h"
#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// For two fifths of the timeout: what comes back with less would end again before there is newer
/// evidence, which takes a third after a handshake.
constexpr int kFifths = 2;
/// When that has been waited for in vain for a timeout: as much as a grant takes.
constexpr int kLeastParts = 4;

}  // namespace

std::chrono::milliseconds SessionState::timeout() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return evidence_.timeout();
}

std::error_code SessionState::loss_reason() const noexcept {
  const int reason = reason_.load();
  // If the session is not lost, the evidence has run out.
  return reason == 0 ? LossReason::cut_off : static_cast<LossReason>(reason);
}

BootTime SessionState::certain_until_boot() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return evidence_.certain_until();
}

SteadyTime SessionState::certain_until() const noexcept {
  const BootTime until = certain_until_boot();
  const Platform& platform = Platform::current();
  // In this order: for a process that is frozen in between, the result is too early, not too late.
  const SteadyTime now = platform.steady_now();
  return saturated_sum(now, saturated_difference(until, platform.boot_now()));
}

std::stop_token SessionState::uncertain() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return period_.get_token();
}

std::stop_token SessionState::ending(std::chrono::milliseconds margin) const {
  StopsByMargin::Found found;
  std::function<void()> look;
  {
    const MutexLock lock(monitor_.mutex);
    const std::chrono::nanoseconds left =
        saturated_difference(evidence_.certain_until(), Platform::current().boot_now());
    if (reason_.load() != 0 || left <= margin) return stopped_token();
    found = endings_.at(margin);
    if (found.is_new) look = look_;
  }
  if (look) look();
  return found.token;
}

std::shared_ptr<void> SessionState::keep_certain() const {
  const MutexLock lock(monitor_.mutex);
  std::shared_ptr<void> reliance = reliance_.lock();
  if (!reliance) {
    reliance = std::make_shared<int>(0);
    reliance_ = reliance;
  }
  return reliance;
}

BootTime SessionState::next_expiry() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return saturated_sum(evidence_.certain_until(), -endings_.largest());
}

void SessionState::get_evidence_from(std::function<void()> source) {
  const MutexLock lock(monitor_.mutex);
  source_ = std::move(source);
}

void SessionState::look_again_with(std::function<void()> look) {
  const MutexLock lock(monitor_.mutex);
  look_ = std::move(look);
}

Result<void> SessionState::become_certain(std::chrono::nanoseconds in_hand,
                                          const Context& context) const {
  const auto is_certain = [&]() ZKLOCK_REQUIRES(monitor_.mutex) {
    return saturated_difference(evidence_.certain_until(), Platform::current().boot_now()) >=
           in_hand;
  };
  std::function<void()> ask;
  {
    const MutexLock lock(monitor_.mutex);
    if (reason_.load() == 0 && is_certain()) return {};
    ask = source_;
  }
  const std::shared_ptr<void> reliance = keep_certain();
  if (ask) ask();
  ContextWait wait(monitor_, context);
  MutexLock lock(monitor_.mutex);
  const WaitEnd end = wait.wait(
      lock, [&]() ZKLOCK_REQUIRES(monitor_.mutex) { return reason_.load() != 0 || is_certain(); });
  if (end != WaitEnd::ready) return error_of(end);
  if (reason_.load() != 0) return ZooKeeperErrc::session_expired;
  return {};
}

bool SessionState::is_certain_again() const noexcept {
  const BootTime now = Platform::current().boot_now();
  const std::chrono::nanoseconds timeout = evidence_.timeout();
  const std::chrono::nanoseconds left = saturated_difference(evidence_.certain_until(), now);
  if (left >= timeout * kFifths / 5) {
    again_since_ = BootTime::max();
    return true;
  }
  // Where answers take long, there never is so much.
  const bool is_slow = saturated_difference(now, again_since_) >= timeout;
  return is_slow && left >= timeout / kLeastParts;
}

std::stop_token SessionState::certain_again() const {
  const MutexLock lock(monitor_.mutex);
  if (reason_.load() != 0 || is_certain_again()) return stopped_token();
  if (!again_.stop_possible()) again_ = std::stop_source();
  again_since_ = std::min(again_since_, Platform::current().boot_now());
  return again_.get_token();
}

bool SessionState::is_relied_on() const noexcept {
  const MutexLock lock(monitor_.mutex);
  return !reliance_.expired();
}

void SessionState::handshake(std::chrono::milliseconds timeout, BootTime begun,
                             BootTime now) noexcept {
  learn(now, [&]() ZKLOCK_REQUIRES(monitor_.mutex) {
    evidence_.negotiated(timeout);
    evidence_.handshake(begun);
  });
}

void SessionState::answered(const Answered& operation) noexcept {
  learn(operation.received,
        [&]() ZKLOCK_REQUIRES(monitor_.mutex) { evidence_.answered(operation); });
}

template <class Change>
void SessionState::learn(BootTime now, const Change& change) noexcept {
  // First end the period if it is over: new evidence must not prolong an old period.
  expire_if_due(now);
  std::stop_source again(std::nostopstate);
  {
    const MutexLock lock(monitor_.mutex);
    const BootTime before = evidence_.certain_until();
    change();
    if (evidence_.certain_until() == before) return;
    if (now < evidence_.certain_until()) is_certain_ = true;
    if (is_certain_again()) std::swap(again, again_);
  }
  monitor_.changed->notify_all();
  again.request_stop();
}

void SessionState::expire_if_due(BootTime now) noexcept {
  std::stop_source ended(std::nostopstate);
  std::list<StopsByMargin::Stop> warnings;
  {
    const MutexLock lock(monitor_.mutex);
    // A session that is lost has no further period.
    if (!is_certain_ || reason_.load() != 0) return;
    const std::chrono::nanoseconds left = saturated_difference(evidence_.certain_until(), now);
    warnings = endings_.take(left);
    if (left.count() <= 0) {
      is_certain_ = false;
      ended = std::exchange(period_, std::stop_source());
    }
  }
  for (StopsByMargin::Stop& warning : warnings) warning.source.request_stop();
  ended.request_stop();
}

void SessionState::end_warnings() noexcept {
  std::list<StopsByMargin::Stop> warnings;
  {
    const MutexLock lock(monitor_.mutex);
    warnings = endings_.take_all();
  }
  for (StopsByMargin::Stop& warning : warnings) warning.source.request_stop();
}

void SessionState::void_evidence() noexcept {
  std::stop_source ended(std::nostopstate);
  {
    const MutexLock lock(monitor_.mutex);
    if (reason_.load() != 0) return;
    evidence_ = Evidence(evidence_.timeout());
    is_certain_ = false;
    ended = std::exchange(period_, std::stop_source());
  }
  ended.request_stop();
  end_warnings();
}

void SessionState::lose(LossReason reason) noexcept {
  std::stop_source again(std::nostopstate);
  {
    const MutexLock lock(monitor_.mutex);
    int none = 0;
    reason_.compare_exchange_strong(none, static_cast<int>(reason));
    std::swap(again, again_);
  }
  monitor_.changed->notify_all();
  lost_.request_stop();
  // The last period stays in place: a token that is taken from now on is stopped already.
  MutexLock lock(monitor_.mutex);
  std::stop_source last(period_);
  lock.unlock();
  last.request_stop();
  again.request_stop();
  end_warnings();
}

}  // namespace zklock::internal
