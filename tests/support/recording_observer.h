// recording_observer.h: an observer that keeps what a lock reports, for the test.
#ifndef ZKLOCK_TESTS_SUPPORT_RECORDING_OBSERVER_H_
#define ZKLOCK_TESTS_SUPPORT_RECORDING_OBSERVER_H_

#include <gtest/gtest.h>
#include <zklock/lock_observer.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "support/long_enough.h"

namespace zklock::test {

/// Events are named as the functions of LockObserver, without "on_". It keeps no leases: they would
/// keep the lock's client.
///
/// Thread safety: all of it may be called from any thread.
class RecordingObserver final : public LockObserver {
 public:
  struct Event {
    std::string what;
    std::string znode;  // lock_failed: the lock's path
    std::string trace = LockObserver::trace();
    std::size_t ahead = 0;
    std::optional<LockError> error{};
    std::int64_t fencing_token = 0;
    std::chrono::nanoseconds waited{0};
    std::chrono::nanoseconds held{0};
    std::chrono::nanoseconds remaining{0};
    LockEntry entry{};  // blocked_by: the claim ahead
    std::error_code reason{};
  };

  void on_waiting(const std::string& znode, std::size_t ahead) override {
    note({.what = "waiting", .znode = znode, .ahead = ahead});
  }
  void on_blocked_by(const std::string& znode, const LockEntry& ahead) override {
    note({.what = "blocked_by", .znode = znode, .entry = ahead});
  }
  void on_granted(const Lease& lease, std::chrono::nanoseconds waited) override {
    Event event = about(lease, "granted");
    event.waited = waited;
    note(std::move(event));
  }
  void on_lock_failed(const std::string& path, const LockError& error,
                      std::chrono::nanoseconds waited) override {
    note({.what = "lock_failed", .znode = path, .error = error, .waited = waited});
  }
  void on_requeued(const std::string& znode) override {
    note({.what = "requeued", .znode = znode});
  }
  void on_purged(const std::string& znode) override { note({.what = "purged", .znode = znode}); }
  void on_released(const Lease& lease) override { note(about(lease, "released")); }
  void on_unlock_failed(const Lease& lease, const LockError& error) override {
    Event event = about(lease, "unlock_failed");
    event.error = error;
    note(std::move(event));
  }
  void on_suspended(const Lease& lease) override { note(about(lease, "suspended")); }
  void on_resumed(const Lease& lease) override { note(about(lease, "resumed")); }
  void on_ending(const Lease& lease, std::chrono::nanoseconds remaining) override {
    Event event = about(lease, "ending");
    event.remaining = remaining;
    note(std::move(event));
  }
  void on_lost(const Lease& lease) override {
    Event event = about(lease, "lost");
    event.reason = lease.loss_reason();
    note(std::move(event));
  }
  void on_removal_pending(const std::string& znode) override {
    note({.what = "removal_pending", .znode = znode});
  }
  void on_removed(const std::string& znode) override { note({.what = "removed", .znode = znode}); }
  void on_removal_failed(const std::string& znode, const std::error_code& error) override {
    note({.what = "removal_failed", .znode = znode, .reason = error});
  }
  void on_overdue(const Lease& lease) override { note(about(lease, "overdue")); }

  [[nodiscard]] std::vector<Event> all(const std::string& what) const {
    check_name(what);
    const std::scoped_lock lock(mutex_);
    std::vector<Event> found;
    for (const Event& event : events_) {
      if (event.what == what) found.push_back(event);
    }
    return found;
  }
  [[nodiscard]] std::vector<std::string> znodes(const std::string& what) const {
    std::vector<std::string> znodes;
    for (const Event& event : all(what)) znodes.push_back(event.znode);
    return znodes;
  }
  [[nodiscard]] std::size_t count(const std::string& what) const { return all(what).size(); }
  /// The names of all events, in the order in which they were reported.
  [[nodiscard]] std::vector<std::string> order() const {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> names;
    for (const Event& event : events_) names.push_back(event.what);
    return names;
  }
  /// Waits, in real time, until the event was reported so often, in all.
  [[nodiscard]] bool await(const std::string& what, std::size_t times = 1) {
    check_name(what);
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLongEnough, [&] {
      const auto is_it = [&](const Event& event) { return event.what == what; };
      return static_cast<std::size_t>(std::count_if(events_.begin(), events_.end(), is_it)) >=
             times;
    });
  }

 private:
  /// So that nobody expects that an event with a misspelt name is not reported.
  static void check_name(const std::string& what) {
    static const std::set<std::string> names = {
        "waiting",        "blocked_by",      "granted",   "lock_failed", "requeued", "purged",
        "released",       "unlock_failed",   "ending",    "lost",        "overdue",  "removed",
        "removal_failed", "removal_pending", "suspended", "resumed"};
    EXPECT_TRUE(names.contains(what)) << what;
  }
  static Event about(const Lease& lease, const std::string& what) {
    return {.what = what,
            .znode = lease.znode(),
            .fencing_token = lease.fencing_token(),
            .held = lease.held_for()};
  }
  void note(Event event) {
    {
      const std::scoped_lock lock(mutex_);
      events_.push_back(std::move(event));
    }
    changed_.notify_all();
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Event> events_;  // guarded by mutex_
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_RECORDING_OBSERVER_H_
