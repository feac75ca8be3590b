// log.h: writing to the user's logger: never throws, costs nothing without one.
#ifndef ZKLOCK_SRC_LOG_H_
#define ZKLOCK_SRC_LOG_H_

#include <zklock/logger.h>

#include <memory>
#include <string_view>
#include <utility>

namespace zklock::internal {

/// A copyable reference to the user's logger, if there is one.
class Log {
 public:
  Log() noexcept = default;
  explicit Log(std::shared_ptr<Logger> logger) noexcept : logger_(std::move(logger)) {}

  [[nodiscard]] bool enabled() const noexcept { return logger_ != nullptr; }

  /// `message`: a string, or a function that makes one only if somebody will read it.
  template <class Message>
  void write(LogLevel level, const Message& message) const noexcept {
    if (!logger_) return;
    try {
      if constexpr (std::is_convertible_v<const Message&, std::string_view>) {
        logger_->log(level, message);
      } else {
        logger_->log(level, message());
      }
    } catch (...) {  // NOLINT(bugprone-empty-catch): a logger that fails has nobody left to tell
    }
  }
  template <class Message>
  void debug(const Message& message) const noexcept { write(LogLevel::debug, message); }
  template <class Message>
  void info(const Message& message) const noexcept { write(LogLevel::info, message); }
  template <class Message>
  void warning(const Message& message) const noexcept { write(LogLevel::warning, message); }
  template <class Message>
  void error(const Message& message) const noexcept { write(LogLevel::error, message); }

 private:
  std::shared_ptr<Logger> logger_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOG_H_
