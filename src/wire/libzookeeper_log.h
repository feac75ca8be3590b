// libzookeeper_log.h: what is done with the log lines of one handle of libzookeeper.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "wire/connect_attempts.h"
#include "wire/line_callback.h"
#include "wire/outage_log.h"

namespace zklock::internal {

/// Passes the lines to the user's logger, and learns from them what becomes of attempts to connect.
/// The log level of libzookeeper belongs to the application and is not changed. Below INFO, less is
/// known.
///
/// Thread safety: all functions may be called from any thread.
class LibZooKeeperLog final : public LineReceiver {
 public:
  /// `servers`: those of the handle, as `resolve` writes them.
  LibZooKeeperLog(std::shared_ptr<OutageLog> log, std::vector<std::string> servers)
      : log_(std::move(log)), servers_(std::move(servers)) {}

  void take(std::string_view line) override;
  /// The handle has a session.
  void on_connected();
  /// What became of the last attempts to connect, in words. "": nothing is known.
  [[nodiscard]] std::string problem() const;

 private:
  const std::shared_ptr<OutageLog> log_;
  const std::vector<std::string> servers_;
  mutable Mutex mutex_;
  ConnectAttempts attempts_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
