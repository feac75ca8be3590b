#include <zklock/lock_observer.h>

namespace zklock {

LockObserver::~LockObserver() = default;
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

}  // namespace zklock
