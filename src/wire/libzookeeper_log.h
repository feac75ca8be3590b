// libzookeeper_log.h: where libzookeeper's own log lines go.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_

#include <zklock/logger.h>

#include <memory>

#include "base/background.h"

namespace zklock::internal {

/// For as long as it lives, `logger` is given what libzookeeper logs. The C library calls back
/// without saying for which handle, so with several clients each logger is given the lines of all
/// of them; and with locks of its own held, so they are written by another thread. The library's
/// own level, which is the application's to set, is left alone.
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
