// recording_watcher.h: a watcher that keeps its events for the test.
#ifndef ZKLOCK_TESTS_SUPPORT_RECORDING_WATCHER_H_
#define ZKLOCK_TESTS_SUPPORT_RECORDING_WATCHER_H_

#include <zklock/zookeeper_client.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

#include "support/long_enough.h"

namespace zklock::test {

/// Thread safety: all of it may be called from any thread.
class RecordingWatcher : public Watcher {
 public:
  explicit RecordingWatcher(bool is_prompt = true) : is_prompt_(is_prompt) {}

  void on_event(const WatchEvent& event) override {
    {
      const std::scoped_lock lock(mutex_);
      events_.push_back(event);
      thread_ = std::this_thread::get_id();
    }
    changed_.notify_all();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return is_prompt_; }

  [[nodiscard]] std::vector<WatchEvent> events() const {
    const std::scoped_lock lock(mutex_);
    return events_;
  }
  [[nodiscard]] std::vector<WatchEvent::Type> types() const {
    std::vector<WatchEvent::Type> types;
    for (const WatchEvent& event : events()) types.push_back(event.type);
    return types;
  }
  [[nodiscard]] std::size_t count() const { return events().size(); }
  [[nodiscard]] WatchEvent last() const {
    const std::scoped_lock lock(mutex_);
    return events_.empty() ? WatchEvent{} : events_.back();
  }
  /// The thread of the last event.
  [[nodiscard]] std::thread::id thread() const {
    const std::scoped_lock lock(mutex_);
    return thread_;
  }
  /// Waits, in real time, until there are so many events in all.
  [[nodiscard]] bool await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLongEnough, [&] { return events_.size() >= count; });
  }
  /// Waits, in real time, for an event of this type.
  [[nodiscard]] bool await(WatchEvent::Type type, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] {
      return std::any_of(events_.begin(), events_.end(),
                         [&](const WatchEvent& event) { return event.type == type; });
    });
  }

 private:
  const bool is_prompt_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WatchEvent> events_;  // guarded by mutex_
  std::thread::id thread_;          // guarded by mutex_
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_RECORDING_WATCHER_H_
