// The functions of LeaseState that suspend it while its session is uncertain, and bring it back.
//
// All of the way back runs on the thread for timers, one step after the other, so its watches need
// no mutex.
#include "lock/lease_suspension.h"

#include <chrono>
#include <functional>
#include <utility>

#include "base/context_wait.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "lock/lease_state.h"

namespace zklock::internal {

namespace {

/// A check that was not answered is sent again after this part of the session timeout.
constexpr int kChecksInATimeout = 12;

}  // namespace

void LookAtSession::operator()() const noexcept {
  if (const auto state = lease.lock()) state->look_at_session();
}

/// A period of certainty has ended or begun, or the session is lost.
void LeaseState::look_at_session() noexcept {
  const bool was_suspended = is_suspended();
  if (!valid() && was_suspended) return_later({});
}

/// `reason`: for a lease that is lost now.
void LeaseState::end_certainty(LossReason reason) noexcept {
  if (!grant_.suspension || grant_.session->lost().stop_requested()) {
    lose(reason);
  } else {
    suspend();
  }
}

void LeaseState::suspend() noexcept {
  const std::stop_source told = grant_.suspension->end(phase_, kHeld, kSuspended);
  if (!told.stop_possible()) return;
  warn(std::chrono::nanoseconds::min());
  try {
    // Two, so that callbacks of the user's that take long do not delay the report.
    run_callback([self = shared_from_this(), told]() mutable {
      if (!self->is_released()) told.request_stop();
    });
    run_callback([self = shared_from_this()] {
      if (!self->is_released()) self->after_suspension();
    });
  } catch (...) {  // out of memory
    std::stop_source(told).request_stop();
  }
  return_later({});
}

void LeaseState::return_later(std::chrono::nanoseconds pause) noexcept {
  try {
    background_->timers.schedule(saturated_sum(Platform::current().steady_now(), pause),
                                 [weak = weak_from_this()] {
                                   if (const auto self = weak.lock()) self->try_to_return();
                                 });
  } catch (...) {  // out of memory: it would stay suspended
    lose(LossReason::cut_off);
  }
}

/// First the session has to be certain again; a session of the user's may not be able to say so.
/// Then a check shows that the claim has stood all the time: none that is gone comes back.
void LeaseState::try_to_return() {
  if (!stands() || !is_suspended() || !grant_.session) return;
  const std::stop_token period = grant_.session->uncertain();
  const std::stop_token certain_again = grant_.session->certain_again();
  if (!certain_again.stop_possible()) return static_cast<void>(lose(LossReason::cut_off));
  if (!certain_again.stop_requested()) {
    grant_.suspension->certain_again.emplace(certain_again, LookAtSession{weak_from_this()});
    return;
  }
  check_claim([weak = weak_from_this(), period](const Result<void>& checked) {
    const auto self = weak.lock();
    if (!self) return;
    try {
      self->background_->timers.post(
          [self, period, checked] { self->on_checked(period, checked); });
    } catch (...) {  // out of memory
      self->lose(LossReason::cut_off);
    }
  });
}

/// `period`: began before the check was sent. If it is over, the check says nothing about what
/// came after it. There may be another check under way: the first answer counts.
void LeaseState::on_checked(const std::stop_token& period, const Result<void>& checked) {
  if (checked.error() == ZooKeeperErrc::no_node) {
    if (stands()) lose(LossReason::claim_deleted);
  } else if (checked) {
    if (period.stop_requested()) return try_to_return();
    if (resume(period)) period_watch_.emplace(period, LookAtSession{weak_from_this()});
  } else if (is_retryable(checked.error())) {
    return_later(std::chrono::nanoseconds(grant_.session->timeout()) / kChecksInATimeout);
  } else if (stands()) {
    lose(LossReason::cut_off);
  }
}

bool LeaseState::resume(std::stop_token period) {
  std::function<void()> report = [self = shared_from_this()] { self->after_resumption(); };
  if (!grant_.suspension->begin(std::move(period), phase_, kSuspended, kHeld)) return false;
  grant_.suspension->notify();
  run_callback(std::move(report));
  return true;
}

void LeaseState::await_certainty(const Context& context) {
  if (!grant_.suspension) {
    if (!valid()) fail_as_lost();
    return;
  }
  if (is_forked()) fail_as_lost();  // first: the monitor's mutex may be locked forever
  ContextWait wait(grant_.suspension->monitor(), context);
  while (!valid()) {
    if (!is_suspended()) fail_as_lost();
    MutexLock lock(grant_.suspension->monitor().mutex);
    const WaitEnd end = wait.wait(lock, [this] { return !is_suspended(); });
    lock.unlock();
    if (end != WaitEnd::ready) fail_as_unconfirmed("resume", error_of(end), context);
  }
}

}  // namespace zklock::internal
