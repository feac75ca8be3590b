// libzookeeper_log.h: what is done with the log lines of one handle of libzookeeper.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "wire/connect_attempts.h"
#include "wire/handle_servers.h"
#include "wire/line_callback.h"
#include "wire/outage_log.h"
#include "wire/server_connection.h"

namespace zklock::internal {

/// Passes the lines to the user's logger, and learns from them what becomes of attempts to connect,
/// and which connection the handle has.
/// The log level of libzookeeper belongs to the application and is not changed. Below INFO, less is
/// known.
///
/// Thread safety: all functions may be called from any thread.
class LibZooKeeperLog final : public LineReceiver {
 public:
  /// `servers`: those of the handle. `has_tls`: it uses TLS.
  LibZooKeeperLog(std::shared_ptr<OutageLog> log, std::shared_ptr<HandleServers> servers,
                  bool has_tls)
      : log_(std::move(log)), servers_(std::move(servers)), has_tls_(has_tls) {}

  void take(std::string_view line) override;
  /// Calls `function` after each line that says that an attempt to connect has failed, or that all
  /// servers were tried and the next attempt is delayed (`ends_round`): on the handle's network
  /// thread (of another handle if these two share a LineCallback).
  void on_failed_attempt(std::function<void(bool ends_round)> function);
  /// The handle has a session.
  void on_connected();
  /// The server of the handle has been silent for so long: ends the connection to it.
  void leave_server(std::chrono::nanoseconds silence);
  /// What became of the last attempts to connect, in words. "": nothing is known.
  [[nodiscard]] std::string problem() const;
  /// Of the last login.
  struct Login {
    std::string negotiation{};     // what Cyrus SASL said when it could not go on. "": nothing
    bool has_failed_here = false;  // otherwise the servers have refused it
  };
  [[nodiscard]] Login login() const;

 private:
  void write(const AttemptLine& attempt, std::string_view line) const;

  const std::shared_ptr<OutageLog> log_;
  const std::shared_ptr<HandleServers> servers_;
  const bool has_tls_;
  ServerConnection connection_;
  mutable Mutex mutex_;
  std::function<void(bool)> on_failed_attempt_ ZKLOCK_GUARDED_BY(mutex_);
  ConnectAttempts attempts_ ZKLOCK_GUARDED_BY(mutex_);
  Login login_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LIBZOOKEEPER_LOG_H_
