// zklock/logger.h: takes the library's log lines. Without a logger, nothing is logged.
#ifndef ZKLOCK_LOGGER_H_
#define ZKLOCK_LOGGER_H_

#include <zklock/export.h>

#include <memory>
#include <string_view>

namespace zklock {

enum class LogLevel { debug, info, warning, error };

/// Takes log lines. Implement it over the logging library of your service.
///
/// Thread safety: `log` is called from any thread, also from several at once, and never while the
/// library holds a mutex of its own. It should return soon. Exceptions are dropped.
class ZKLOCK_EXPORT Logger {
 public:
  virtual ~Logger();

  /// `message` is one line without a newline, valid during the call.
  virtual void log(LogLevel level, std::string_view message) = 0;

 protected:
  Logger() = default;
  Logger(const Logger&) = default;
  Logger& operator=(const Logger&) = default;
};

/// A logger that writes lines of this level or higher to standard error, with the local time.
[[nodiscard]] ZKLOCK_EXPORT std::shared_ptr<Logger> stderr_logger(
    LogLevel at_least = LogLevel::warning);

}  // namespace zklock

#endif  // ZKLOCK_LOGGER_H_
