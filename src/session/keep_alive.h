// keep_alive.h: what a client sends so that its session stays certain.
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

/// A small read for each sixth of the session timeout in which nothing else was answered; while
/// somebody relies on the session, two checks, one after the other, for each third (evidence.h has
/// the reason). Besides, it ends in time what is not certain any more, and sessions that have been
/// without a connection for three timeouts.
///
/// Thread safety: all of it may be called from any thread.
class KeepAlive final : public std::enable_shared_from_this<KeepAlive> {
 public:
  KeepAlive(std::shared_ptr<SessionKeeper> keeper, std::shared_ptr<Background> background);

  /// This session is on a new connection.
  void begin(SessionState& session);

 private:
  void check_now();
  void tend();
  [[nodiscard]] BootTime tend(const Link& link, BootTime now);
  [[nodiscard]] BootTime patience_ends(std::chrono::nanoseconds timeout, bool is_connected) const;
  void read(const Link& link);
  void check_twice(const Link& link);
  void checked(std::uint64_t connection);
  void tend_at(SteadyTime time);

  const std::shared_ptr<SessionKeeper> keeper_;
  const std::shared_ptr<Background> background_;

  Mutex mutex_;
  Executor::Ticket timer_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  BootTime checked_at_ ZKLOCK_GUARDED_BY(mutex_) = BootTime::min();  // on this connection
  std::uint64_t checked_connection_ ZKLOCK_GUARDED_BY(mutex_) = 0;
  std::uint64_t reading_ ZKLOCK_GUARDED_BY(mutex_) =
      0;  // the connection with a read under way; 0: none
  std::uint64_t checking_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // the one with checks under way
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_KEEP_ALIVE_H_
