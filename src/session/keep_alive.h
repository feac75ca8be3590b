// keep_alive.h: keeps a session certain with small requests of its own.
#ifndef ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_
#define ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <system_error>

#include "base/background.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "session/server_patience.h"
#include "session/session_keeper.h"

namespace zklock::internal {

/// Sends a small read for each sixth of the session timeout in which nothing else was answered.
/// While somebody relies on the session, it sends two checks, one after the other, for each third
/// (evidence.h has the reason). If one of them stays without an answer, it leaves the server while
/// there is still time to find another one. It also ends, in time, what is not certain any more,
/// and replaces a session that has been without a connection for three timeouts.
///
/// Thread safety: all functions may be called from any thread.
class KeepAlive final : public std::enable_shared_from_this<KeepAlive> {
 public:
  KeepAlive(std::shared_ptr<SessionKeeper> keeper, std::shared_ptr<Background> background);

  /// The session is on a new connection.
  void begin(SessionState& session);

 private:
  /// A read, or two checks, under way.
  struct Probe {
    std::uint64_t connection = 0;  // 0: none is
    BootTime sent{};               // of two checks: the first one
  };

  void check_now();
  [[nodiscard]] std::function<void()> tending();
  void tend();
  [[nodiscard]] BootTime tend(const SessionConnection& connection, BootTime now);
  [[nodiscard]] BootTime leave_silent_server(const SessionConnection& connection, BootTime now);
  [[nodiscard]] BootTime patience_ends(std::chrono::nanoseconds timeout, bool is_connected) const;
  void read(const SessionConnection& connection, const Probe& probe);
  void check_twice(const SessionConnection& connection);
  void on_answered(const Probe& probe, std::error_code error);
  void on_checked(std::uint64_t connection);
  void tend_at(BootTime time);
  void notice_delay(BootTime now, std::chrono::nanoseconds timeout);

  const std::shared_ptr<SessionKeeper> keeper_;
  const std::shared_ptr<Background> background_;

  Mutex mutex_;
  Executor::Ticket timer_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  BootTime checked_at_ ZKLOCK_GUARDED_BY(mutex_) = BootTime::min();  // on checked_connection_
  std::uint64_t checked_connection_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  Probe reading_ ZKLOCK_GUARDED_BY(mutex_);
  Probe checking_ ZKLOCK_GUARDED_BY(mutex_);
  ServerPatience patience_ ZKLOCK_GUARDED_BY(mutex_);
  BootTime silence_counts_from_ ZKLOCK_GUARDED_BY(mutex_){};
  BootTime due_ ZKLOCK_GUARDED_BY(mutex_) = BootTime::max();  // the next `tend`
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_
