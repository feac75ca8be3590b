// log.h: writes to the user's logger. Never throws, and costs nothing without a logger.
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

/// `line` with the trace id of the claim that it is about, if it has one.
[[nodiscard]] std::string with_trace(std::string line, std::string_view trace);

/// A copyable reference to the user's logger, if there is one.
class Log {
 public:
  Log() noexcept = default;
  /// The calling thread writes the lines.
  explicit Log(std::shared_ptr<Logger> logger) noexcept : logger_(std::move(logger)) {}
  /// The thread for watchers writes the lines: for threads of the library that the user must not
  /// delay.
  Log(std::shared_ptr<Logger> logger, std::shared_ptr<Background> background)
      : logger_(std::move(logger)),
        background_(std::move(background)),
        queued_(std::make_shared<std::atomic<int>>(0)) {}

  [[nodiscard]] bool enabled() const noexcept { return logger_ != nullptr; }
  [[nodiscard]] const std::shared_ptr<Logger>& logger() const noexcept { return logger_; }

  /// `message`: a string, or a function that makes one; it is called only if there is a logger.
  template <class Message>
  void write(LogLevel level, const Message& message) const noexcept {
    if (!logger_) return;
    try {
      if constexpr (std::is_convertible_v<const Message&, std::string_view>) {
        pass_on(level, std::string_view(message));
      } else {
        pass_on(level, message());
      }
    } catch (
        ...) {  // NOLINT(bugprone-empty-catch): there is no way to report that the logger failed
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
  /// If lines come faster than the logger writes them, the newest are lost.
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
  std::shared_ptr<Background> background_;    // null: the calling thread writes
  std::shared_ptr<std::atomic<int>> queued_;  // lines that are not written yet
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_LOG_H_
