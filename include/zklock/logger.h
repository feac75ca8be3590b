// zklock/logger.h: where the library's log lines go. Nothing is logged unless a logger is given.
#ifndef ZKLOCK_LOGGER_H_
#define ZKLOCK_LOGGER_H_

#include <zklock/export.h>

#include <memory>
#include <string_view>

namespace zklock {

enum class LogLevel { debug, info, warning, error };

/// Takes log lines. Implement it over the logging library of your service.
///
/// Thread safety: `log` is called from any thread, also from several at once, never with a lock of
/// the library held. It should return soon. What it throws is dropped.
class ZKLOCK_EXPORT Logger {
 public:
  virtual ~Logger();

  /// `message` is one line without its end, valid for the duration of the call.
  virtual void log(LogLevel level, std::string_view message) = 0;

 protected:
  Logger() = default;
  Logger(const Logger&) = default;
  Logger& operator=(const Logger&) = default;
};

/// A logger that writes lines of `at_least` this level to standard error, with the local time.
[[nodiscard]] ZKLOCK_EXPORT std::shared_ptr<Logger> stderr_logger(
    LogLevel at_least = LogLevel::warning);

}  // namespace zklock

#endif  // ZKLOCK_LOGGER_H_
