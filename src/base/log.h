// log.h: writing to the user's logger: never throws, costs nothing without one.
#ifndef ZKLOCK_SRC_BASE_LOG_H_
#define ZKLOCK_SRC_BASE_LOG_H_

#include <zklock/logger.h>

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "base/background.h"

namespace zklock::internal {

/// A copyable reference to the user's logger, if there is one.
class Log {
 public:
  Log() noexcept = default;
  /// Lines are written by the thread that has them.
  explicit Log(std::shared_ptr<Logger> logger) noexcept : logger_(std::move(logger)) {}
  /// Lines are written by the thread for watchers: for the parts of the library whose threads must
  /// not be held up by the user.
  Log(std::shared_ptr<Logger> logger, std::shared_ptr<Background> background)
      : logger_(std::move(logger)),
        background_(std::move(background)),
        queued_(std::make_shared<std::atomic<int>>(0)) {}

  [[nodiscard]] bool enabled() const noexcept { return logger_ != nullptr; }

  /// `message`: a string, or a function that makes one only if somebody will read it.
  template <class Message>
  void write(LogLevel level, const Message& message) const noexcept {
    if (!logger_) return;
    try {
      if constexpr (std::is_convertible_v<const Message&, std::string_view>) {
        pass_on(level, std::string_view(message));
      } else {
        pass_on(level, message());
      }
    } catch (...) {  // NOLINT(bugprone-empty-catch): a logger that fails has nobody left to tell
    }
  }
  template <class Message>
  void debug(const Message& message) const noexcept {
    write(LogLevel::debug, message);
  }
  template <class Message>
  void info(const Message& message) const noexcept {
    write(LogLevel::info, message);
  }
  template <class Message>
  void warning(const Message& message) const noexcept {
    write(LogLevel::warning, message);
  }
  template <class Message>
  void error(const Message& message) const noexcept {
    write(LogLevel::error, message);
  }

 private:
  /// A logger that is slower than the lines come loses the newest.
  static constexpr int kMostQueued = 1'000;

  void pass_on(LogLevel level, std::string_view line) const {
    if (!background_) {
      logger_->log(level, line);
      return;
    }
    if (queued_->fetch_add(1) >= kMostQueued) {
      --*queued_;
      return;
    }
    background_->watchers.post(
        [logger = logger_, queued = queued_, level, text = std::string(line)] {
          --*queued;
          Log(logger).write(level, text);
        });
  }

  std::shared_ptr<Logger> logger_;
  std::shared_ptr<Background> background_;    // null: not by another thread
  std::shared_ptr<std::atomic<int>> queued_;  // lines that have not been written
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_LOG_H_
