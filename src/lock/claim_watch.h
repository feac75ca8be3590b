// claim_watch.h: the events of one claim, for the thread that waits.
#ifndef ZKLOCK_SRC_LOCK_CLAIM_WATCH_H_
#define ZKLOCK_SRC_LOCK_CLAIM_WATCH_H_

#include <zklock/advanced/claim_client.h>

#include <cstdint>
#include <memory>
#include <utility>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// Records events and wakes the thread, until it is handed over: then it passes them on. The
/// network's thread does nothing else here. The events are guarded by the monitor's mutex.
class ClaimWatch final : public Watcher {
 public:
  /// The events so far.
  struct News {
    bool deleted = false;
    bool changed = false;
    bool reconnected = false;
    bool session_lost = false;
    std::uint64_t connection = 0;  // over which the deletion was reported

    [[nodiscard]] bool any() const noexcept {
      return deleted || changed || reconnected || session_lost;
    }
  };

  explicit ClaimWatch(std::shared_ptr<Monitor> monitor) : monitor_(std::move(monitor)) {}

  void on_event(const WatchEvent& event) override {
    if (const std::shared_ptr<Watcher> successor = record(event)) return successor->on_event(event);
    monitor_->changed->notify_all();
  }

  /// From now on `successor`, which is prompt, receives the events. Returns those before.
  [[nodiscard]] News hand_over_to(std::shared_ptr<Watcher> successor) {
    const MutexLock lock(monitor_->mutex);
    successor_ = std::move(successor);
    return news_;
  }

  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  /// REQUIRES: the monitor's mutex is held. (The analysis does not know that the callers hold
  /// it, by a name of theirs.)
  [[nodiscard]] const News& news() const noexcept ZKLOCK_NOT_ANALYZED { return news_; }

 private:
  [[nodiscard]] std::shared_ptr<Watcher> record(const WatchEvent& event) {
    const MutexLock lock(monitor_->mutex);
    if (successor_) return successor_;
    switch (event.type) {
      case WatchEvent::Type::deleted:
        news_.deleted = true;
        news_.connection = event.connection;
        break;
      case WatchEvent::Type::reconnected:
        news_.reconnected = true;
        break;
      case WatchEvent::Type::session_lost:
        news_.session_lost = true;
        break;
      case WatchEvent::Type::created:
      case WatchEvent::Type::changed:
      case WatchEvent::Type::children_changed:
        news_.changed = true;
        break;
    }
    return nullptr;
  }

  const std::shared_ptr<Monitor> monitor_;
  News news_ ZKLOCK_GUARDED_BY(monitor_->mutex);
  std::shared_ptr<Watcher> successor_ ZKLOCK_GUARDED_BY(monitor_->mutex);  // null: none
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_WATCH_H_
