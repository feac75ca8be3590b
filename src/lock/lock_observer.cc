#include <zklock/lock_observer.h>

#include "lock/observed_trace.h"

namespace zklock {

const std::string*& internal::ObservedTrace::current() noexcept {
  thread_local const std::string* trace = nullptr;
  return trace;
}

LockObserver::~LockObserver() = default;

std::string LockObserver::trace() {
  const std::string* const current = internal::ObservedTrace::current();
  return current != nullptr ? *current : std::string();
}

void LockObserver::on_waiting(const std::string&, std::size_t) {}
void LockObserver::on_granted(const Lease&, std::chrono::nanoseconds) {}
void LockObserver::on_lock_failed(const std::string&, const LockError&, std::chrono::nanoseconds) {}
void LockObserver::on_requeued(const std::string&) {}
void LockObserver::on_purged(const std::string&) {}
void LockObserver::on_released(const Lease&) {}
void LockObserver::on_unlock_failed(const Lease&, const LockError&) {}
void LockObserver::on_suspended(const Lease& /*lease*/) {}
void LockObserver::on_resumed(const Lease& /*lease*/) {}
void LockObserver::on_lost(const Lease&) {}
void LockObserver::on_blocked_by(const std::string&, const LockEntry&) {}
void LockObserver::on_ending(const Lease&, std::chrono::nanoseconds) {}
void LockObserver::on_removal_pending(const std::string&) {}
void LockObserver::on_removed(const std::string&) {}
void LockObserver::on_removal_failed(const std::string&, const std::error_code&) {}
void LockObserver::on_overdue(const Lease&) {}

}  // namespace zklock
