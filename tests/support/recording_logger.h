// recording_logger.h: a logger that keeps its lines for the test.
#ifndef ZKLOCK_TESTS_SUPPORT_RECORDING_LOGGER_H_
#define ZKLOCK_TESTS_SUPPORT_RECORDING_LOGGER_H_

#include <zklock/logger.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/long_enough.h"

namespace zklock::test {

/// Thread safety: all of it may be called from any thread.
class RecordingLogger final : public Logger {
 public:
  using Also = std::function<void(std::string_view message)>;

  /// `also` is called after each line is kept. It may block or throw.
  explicit RecordingLogger(Also also = {}) : also_(std::move(also)) {}

  void log(LogLevel level, std::string_view message) override {
    {
      const std::scoped_lock lock(mutex_);
      lines_.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(message));
      thread_ = std::this_thread::get_id();
    }
    changed_.notify_all();
    if (also_) also_(message);
  }

  /// "<level as a number> <message>".
  [[nodiscard]] std::vector<std::string> lines() const {
    const std::scoped_lock lock(mutex_);
    return lines_;
  }
  /// The thread that logged the last line.
  [[nodiscard]] std::thread::id thread() const {
    const std::scoped_lock lock(mutex_);
    return thread_;
  }
  [[nodiscard]] bool has(std::string_view part) const {
    const std::scoped_lock lock(mutex_);
    return has_locked(part);
  }
  /// Waits, in real time, for a line that contains this.
  [[nodiscard]] bool await(std::string_view part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kLongEnough, [&] { return has_locked(part); });
  }

 private:
  [[nodiscard]] bool has_locked(std::string_view part) const {
    return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }

  const Also also_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;  // guarded by mutex_
  std::thread::id thread_;          // guarded by mutex_
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_RECORDING_LOGGER_H_
