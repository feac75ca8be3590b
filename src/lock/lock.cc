#include <zklock/lock.h>

#include <chrono>
#include <utility>

#include "base/farewell.h"
#include "base/stops_by_margin.h"
#include "base/without_throwing.h"
#include "lock/lease_state.h"

namespace zklock {

namespace {

using internal::LeaseState;
using internal::without_throwing;

/// The limit for calls without a Context.
constexpr std::chrono::seconds kLimitOfOneAttempt{1};

Context one_attempt() { return Context().with_timeout(kLimitOfOneAttempt).without_waiting(); }

LeaseState& state_of(const std::shared_ptr<LeaseState>& state) {
  if (!state) throw LockError(Errc::lock_lost, "the lease refers to no grant");
  return *state;
}

}  // namespace

bool Lease::valid() const noexcept { return state_ && state_->valid(); }

std::chrono::steady_clock::time_point Lease::valid_until() const noexcept {
  return state_ ? state_->valid_until() : std::chrono::steady_clock::time_point::min();
}

std::chrono::nanoseconds Lease::remaining() const noexcept {
  return state_ ? state_->remaining() : std::chrono::nanoseconds(0);
}

std::stop_token Lease::ending(std::chrono::milliseconds margin) const {
  return state_ ? state_->ending(margin) : internal::stopped_token();
}

std::chrono::milliseconds Lease::longest_margin() const noexcept {
  return state_ ? state_->longest_margin() : std::chrono::milliseconds(0);
}

std::stop_token Lease::lost() const noexcept { return state_ ? state_->lost() : std::stop_token(); }

std::stop_token Lease::suspended() const noexcept {
  return state_ ? state_->suspended() : std::stop_token();
}

void Lease::await_certainty(const Context& context) const {
  state_of(state_).await_certainty(context);
}

void Lease::await_certainty(const Context& context, std::error_code& error) const noexcept {
  without_throwing(error, [&] { await_certainty(context); });
}

std::error_code Lease::loss_reason() const noexcept {
  return state_ ? state_->loss_reason() : std::error_code();
}

std::int64_t Lease::fencing_token() const noexcept {
  return state_ ? state_->grant().fencing_token : 0;
}

std::string Lease::znode() const { return state_ ? state_->grant().znode : std::string(); }

std::string Lease::owner() const { return state_ ? state_->owner() : std::string(); }

std::string Lease::trace() const { return state_ ? state_->trace() : std::string(); }

std::chrono::nanoseconds Lease::held_for() const noexcept {
  return state_ ? state_->held_for() : std::chrono::nanoseconds(0);
}

void Lease::renew(const Context& context) const { state_of(state_).renew(context); }

void Lease::renew(const Context& context, std::error_code& error) const noexcept {
  without_throwing(error, [&] { renew(context); });
}

void Lease::verify(const Context& context) const { state_of(state_).verify(context); }

void Lease::verify(const Context& context, std::error_code& error) const noexcept {
  without_throwing(error, [&] { verify(context); });
}

void Lease::require(std::chrono::milliseconds margin, const Context& context) const {
  state_of(state_).require(margin, context);
}

void Lease::require(std::chrono::milliseconds margin, const Context& context,
                    std::error_code& error) const noexcept {
  without_throwing(error, [&] { require(margin, context); });
}

Lock::~Lock() = default;

Lease Lock::lock(const Context& context, std::error_code& error) noexcept {
  return without_throwing(error, [&] { return lock(context); });
}

std::error_code Lock::unlock() noexcept {
  std::error_code error;
  const internal::Farewell farewell;
  without_throwing(error, [&] { do_unlock_of_guard(farewell.context()); });
  if (!error) internal::Farewell::servers_answered();
  return error;
}

void Lock::do_unlock_of_guard(const Context& context) { do_unlock(context); }

std::string Lock::do_path() const { return {}; }

void Lock::unlock(const Context& context, std::error_code& error) noexcept {
  without_throwing(error, [&] { unlock(context); });
}

void Lock::unlock_lease(const Lease& lease, const Context& context,
                        std::error_code& error) noexcept {
  without_throwing(error, [&] { unlock(lease, context); });
}

bool Lock::try_lock() { return try_lock(one_attempt()); }

Lease Lock::try_lock(std::error_code& error) noexcept {
  return without_throwing(error, [&] { return lock(one_attempt()); });
}

bool Lock::try_lock(const Context& context) {
  try {
    lock(context);
    return true;
  } catch (const LockError& error) {
    if (error.code() == Errc::locking_timed_out) return false;
    throw;
  }
}

LockGuard::~LockGuard() {
  if (lock_ == nullptr) return;
  std::error_code logged_by_the_lock;
  const internal::Farewell farewell;
  lock_->unlock(lease_, farewell.context(), logged_by_the_lock);
  if (!logged_by_the_lock) internal::Farewell::servers_answered();
}

void LockGuard::unlock(const Context& context) {
  if (Lock* const lock = std::exchange(lock_, nullptr)) lock->unlock(lease_, context);
}

}  // namespace zklock
