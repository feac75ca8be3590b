#include <zklock/lock.h>

#include <chrono>
#include <new>
#include <utility>

#include "lock/lease_state.h"

namespace zklock {

namespace {

using internal::LeaseState;

/// The limit for calls without a Context.
constexpr std::chrono::seconds kPatience{1};

/// Runs `call`, and turns its exception into `error`.
template <class Call>
auto without_throwing(std::error_code& error, const Call& call) noexcept -> decltype(call()) {
  error.clear();
  try {
    return call();
  } catch (const std::system_error& thrown) {
    error = thrown.code();
  } catch (const std::bad_alloc&) {
    error = std::make_error_code(std::errc::not_enough_memory);
  } catch (...) {  // not from this library: a Lock of the user's may throw anything
    error = std::make_error_code(std::errc::state_not_recoverable);
  }
  if constexpr (!std::is_void_v<decltype(call())>) return {};
}

LeaseState& state_of(const std::shared_ptr<LeaseState>& state) {
  if (!state) throw LockError(Errc::lock_lost, "the lease refers to no grant");
  return *state;
}

}  // namespace

bool Lease::valid() const noexcept { return state_ && state_->valid(); }

std::chrono::steady_clock::time_point Lease::valid_until() const noexcept {
  return state_ ? state_->valid_until() : std::chrono::steady_clock::time_point::min();
}

std::stop_token Lease::lost() const noexcept { return state_ ? state_->lost() : std::stop_token(); }

std::error_code Lease::loss_reason() const noexcept {
  return state_ ? state_->loss_reason() : std::error_code();
}

std::int64_t Lease::fencing_token() const noexcept {
  return state_ ? state_->grant().fencing_token : 0;
}

std::string Lease::znode() const { return state_ ? state_->grant().znode : std::string(); }

std::string Lease::owner() const { return state_ ? state_->owner() : std::string(); }

void Lease::renew(const Context& context) const { state_of(state_).renew(context); }

void Lease::renew(const Context& context, std::error_code& error) const noexcept {
  without_throwing(error, [&] { renew(context); });
}

void Lease::verify(const Context& context) const { state_of(state_).verify(context); }

void Lease::verify(const Context& context, std::error_code& error) const noexcept {
  without_throwing(error, [&] { verify(context); });
}

Lock::~Lock() = default;

Lease Lock::lock(const Context& context, std::error_code& error) noexcept {
  return without_throwing(error, [&] { return lock(context); });
}

std::error_code Lock::unlock() noexcept {
  std::error_code error;
  unlock(Context().with_timeout(kPatience), error);
  return error;
}

void Lock::unlock(const Context& context, std::error_code& error) noexcept {
  without_throwing(error, [&] { unlock(context); });
}

void Lock::unlock_lease(const Lease& lease, const Context& context,
                        std::error_code& error) noexcept {
  without_throwing(error, [&] { unlock(lease, context); });
}

bool Lock::try_lock() { return try_lock(Context().with_timeout(kPatience).without_waiting()); }

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
  lock_->unlock(lease_, Context().with_timeout(kPatience), logged_by_the_lock);
}

void LockGuard::unlock(const Context& context) {
  if (Lock* const lock = std::exchange(lock_, nullptr)) lock->unlock(lease_, context);
}

}  // namespace zklock
