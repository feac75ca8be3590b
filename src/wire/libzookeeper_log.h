// libzookeeper_log.h: passes libzookeeper's own log lines to the user's loggers.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_

#include <zklock/logger.h>

#include <memory>

#include "base/background.h"

namespace zklock::internal {

/// During its lifetime, `logger` gets the lines of libzookeeper. The C library does not say which
/// handle a line belongs to, so with several clients each logger gets the lines of all of them. It
/// calls back with its own locks held, so another thread writes the lines. Its log level belongs to
/// the application and is not changed.
class LibZooKeeperLog {
 public:
  explicit LibZooKeeperLog(std::shared_ptr<Logger> logger);
  ~LibZooKeeperLog();
  LibZooKeeperLog(const LibZooKeeperLog&) = delete;
  LibZooKeeperLog& operator=(const LibZooKeeperLog&) = delete;

  /// The callback for zookeeper_init2. Without a logger, lines are dropped.
  static void on_line(const char* line) noexcept;

 private:
  const std::shared_ptr<Logger> logger_;
  const std::shared_ptr<Background> background_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
