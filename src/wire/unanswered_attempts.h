// unanswered_attempts.h: ends attempts to connect that a server does not answer. libzookeeper waits
// for two thirds of the session timeout, so a few hosts that are powered off, or a server that
// hangs, keep it from those that serve.
#ifndef ZKLOCK_SRC_WIRE_UNANSWERED_ATTEMPTS_H_
#define ZKLOCK_SRC_WIRE_UNANSWERED_ATTEMPTS_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/platform.h"

namespace zklock::internal {

/// Ending an attempt means: libzookeeper sees an error (ECONNRESET), and tries the next server at
/// once. The server may accept in the microseconds before that. Then it sees a connection that is
/// closed again, like any that breaks, and no session ends with it.
///
/// A socket is one of libzookeeper's if it goes to one of the servers, does not block, and does not
/// delay small packets. So the attempts of all clients of the process at these servers end in the
/// same way, also those of handles that are the application's own: they, too, try the next server.
///
/// Thread safety: one thread at a time.
class UnansweredAttempts {
 public:
  /// How long a server may take.
  struct Patience {
    std::chrono::nanoseconds to_accept{};
    std::chrono::nanoseconds to_shake_hands{};  // and to accept, together
  };
  /// Ends the attempts at these servers ("ip:port") that an earlier call, at least that long ago,
  /// has found already. Returns the servers of those that it ended.
  std::vector<std::string> end(const std::vector<std::string>& servers,
                               const Patience& patience) noexcept;

 private:
  struct Attempt {
    ino_t socket = 0;
    SteadyTime found{};
  };
  [[nodiscard]] SteadyTime found_at(ino_t socket, SteadyTime now) const;

  std::vector<Attempt> under_way_;  // at the last call
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_UNANSWERED_ATTEMPTS_H_
