// keep_alive.h: keeps a session certain with small requests of its own.
#ifndef ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_
#define ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/background.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "session/session_keeper.h"

namespace zklock::internal {

/// Sends a small read for each sixth of the session timeout in which nothing else was answered.
/// While somebody relies on the session, it sends two checks, one after the other, for each third
/// (evidence.h has the reason). It also ends, in time, what is not certain any more, and replaces a
/// session that has been without a connection for three timeouts.
///
/// Thread safety: all functions may be called from any thread.
class KeepAlive final : public std::enable_shared_from_this<KeepAlive> {
 public:
  KeepAlive(std::shared_ptr<SessionKeeper> keeper, std::shared_ptr<Background> background);

  /// The session is on a new connection.
  void begin(SessionState& session);

 private:
  void check_now();
  void tend();
  [[nodiscard]] BootTime tend(const SessionConnection& connection, BootTime now);
  [[nodiscard]] BootTime patience_ends(std::chrono::nanoseconds timeout, bool is_connected) const;
  void read(const SessionConnection& connection);
  void check_twice(const SessionConnection& connection);
  void on_checked(std::uint64_t connection);
  void tend_at(SteadyTime time);

  const std::shared_ptr<SessionKeeper> keeper_;
  const std::shared_ptr<Background> background_;

  Mutex mutex_;
  Executor::Ticket timer_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  BootTime checked_at_ ZKLOCK_GUARDED_BY(mutex_) = BootTime::min();  // on checked_connection_
  std::uint64_t checked_connection_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  // The connections with a read, and with checks, under way; 0: none.
  std::uint64_t reading_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  std::uint64_t checking_ ZKLOCK_GUARDED_BY(mutex_) = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_
