// What the integration tests have in common: waiting for what happens, and looking at it.
#ifndef ZKLOCK_TESTS_INTEGRATION_TOOLS_H_
#define ZKLOCK_TESTS_INTEGRATION_TOOLS_H_

#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <future>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/subprocess.h"

namespace zklock::test {

/// For calls that are expected to succeed: a test that fails ends all the same.
inline Context soon() { return Context().with_timeout(kLongEnough); }

/// Asks again and again: for what tells nobody that it has changed.
template <class Condition>
[[nodiscard]] bool becomes_true(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();  // leaves the processor to what it waits for
  }
  return true;
}

/// The LockError that `call` throws; one that says "no error" if it throws none.
template <class Call>
[[nodiscard]] LockError error_of(const Call& call) {
  try {
    call();
  } catch (const LockError& error) {
    return error;
  }
  return LockError(std::error_code());
}

/// Waits until stop is requested. False: not in time.
[[nodiscard]] inline bool is_stopped(const std::stop_token& token,
                                     std::chrono::milliseconds timeout = kLongEnough) {
  std::mutex mutex;
  std::condition_variable changed;
  const std::stop_callback callback(token, [&] {
    const std::scoped_lock lock(mutex);
    changed.notify_all();
  });
  std::unique_lock lock(mutex);
  return changed.wait_for(lock, timeout, [&] { return token.stop_requested(); });
}

/// `lock` on a thread of its own. Its lease is unlocked by name: unlock(lease).
inline std::future<Lease> lock_async(Lock& lock, const Context& context = soon()) {
  return std::async(std::launch::async, [&lock, context] { return lock.lock(context); });
}

[[nodiscard]] inline bool is_ready(const std::future<Lease>& lease,
                                   std::chrono::milliseconds timeout = {}) {
  return lease.wait_for(timeout) == std::future_status::ready;
}

/// The lease, or an empty one if it is not granted in time: a test that fails ends all the same.
[[nodiscard]] inline Lease granted(std::future<Lease>& lease) {
  return is_ready(lease, kLongEnough) ? lease.get() : Lease();
}

/// Takes down what a lock tells its observer, for tests to wait for.
class Record final : public LockObserver {
 public:
  enum class Event { waiting, granted, failed, requeued, purged, released, unlock_failed, lost };

  void on_waiting(const std::string& znode, std::size_t) override { add(Event::waiting, znode); }
  void on_granted(const Lease& lease, std::chrono::nanoseconds) override {
    add(Event::granted, lease.znode());
  }
  void on_lock_failed(const std::string& path, const LockError&,
                      std::chrono::nanoseconds) override {
    add(Event::failed, path);
  }
  void on_requeued(const std::string& znode) override { add(Event::requeued, znode); }
  void on_purged(const std::string& znode) override { add(Event::purged, znode); }
  void on_released(const Lease& lease) override { add(Event::released, lease.znode()); }
  void on_unlock_failed(const Lease& lease, const LockError&) override {
    add(Event::unlock_failed, lease.znode());
  }
  void on_lost(const Lease& lease) override { add(Event::lost, lease.znode()); }

  /// The znodes, or paths, that an event was told of, in the order in which it was.
  [[nodiscard]] std::vector<std::string> of(Event event) const {
    const std::scoped_lock lock(mutex_);
    return of_locked(event);
  }
  [[nodiscard]] std::size_t count(Event event) const { return of(event).size(); }

  /// Waits until an event has been told of for `count` times, in all.
  [[nodiscard]] bool reaches(Event event, std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLongEnough, [&] { return of_locked(event).size() >= count; });
  }

 private:
  void add(Event event, const std::string& znode) {
    {
      const std::scoped_lock lock(mutex_);
      events_.emplace_back(event, znode);
    }
    changed_.notify_all();
  }
  [[nodiscard]] std::vector<std::string> of_locked(Event event) const {
    std::vector<std::string> znodes;
    for (const auto& [told, znode] : events_) {
      if (told == event) znodes.push_back(znode);
    }
    return znodes;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::pair<Event, std::string>> events_;  // protected by mutex_
};

/// Takes down log lines.
class LogRecord final : public Logger {
 public:
  void log(LogLevel, std::string_view message) override {
    const std::scoped_lock lock(mutex_);
    lines_.emplace_back(message);
  }
  [[nodiscard]] bool has_line_with(const std::string& text) const {
    const std::scoped_lock lock(mutex_);
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(text) != std::string::npos;
    });
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // protected by mutex_
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEGRATION_TOOLS_H_
