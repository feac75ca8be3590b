#include "lock/ending_report.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/platform.h"

namespace zklock::internal {

void EndingReport::begin(const std::shared_ptr<const LockSettings>& settings, LeaseState& lease) {
  if (!settings->observer || settings->observer_margin.count() == 0) return;
  const auto report = std::make_shared<EndingReport>(settings, lease.weak_from_this());
  lease.keep(report);
  report->watch();
}

void EndingReport::watch() noexcept {
  const auto lease = lease_.lock();
  if (!lease || !lease->valid()) return;
  try {
    // Each time: the servers may have granted a shorter session meanwhile.
    auto margin = std::min(settings_->observer_margin, lease->longest_margin());
    // A grant, and a renewal that took long, may leave half.
    if (lease->ttl().count() > 0) margin = std::min(margin, lease->ttl() / 2);
    const std::stop_token ending = lease->ending(margin);
    MutexLock lock(mutex_);
    const int number = ++watches_;
    lock.unlock();
    // It may be called at once, and posts to the user's executor.
    auto warning = std::make_unique<std::stop_callback<Warned>>(ending, Warned{weak_from_this()});
    lock.lock();
    if (number == watches_) warning_.swap(warning);  // otherwise it was called already
    lock.unlock();                                   // before the old one is destroyed
  } catch (...) {
    settings_->log.error("could not watch the end of a lease");
  }
}

void EndingReport::Warned::operator()() const noexcept {
  const auto self = report.lock();
  if (!self) return;
  try {
    self->settings_->callbacks.post([self] { self->report(); });
  } catch (...) {  // out of memory
    self->settings_->log.error("could not report the end of a lease");
  }
}

void EndingReport::report() noexcept {
  const auto lease = lease_.lock();
  // `ending` tells of losses, too: those have an event of their own.
  if (!lease || !lease->valid()) return;
  const SteadyTime end = lease->bound();
  settings_->observe(lease->trace(), [&lease](LockObserver& observer) {
    observer.on_ending(LeaseAccess::make(lease), lease->remaining());
  });
  settings_->background->timers.schedule(end, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->watch();
  });
}

}  // namespace zklock::internal
