// unanswered_attempts.h: ends attempts to connect that a server does not answer. libzookeeper waits
// for two thirds of the session timeout, so a few hosts that are powered off keep it from those
// that serve.
#ifndef ZKLOCK_SRC_WIRE_UNANSWERED_ATTEMPTS_H_
#define ZKLOCK_SRC_WIRE_UNANSWERED_ATTEMPTS_H_

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/platform.h"

namespace zklock::internal {

/// Ending an attempt means: libzookeeper sees an error (ECONNRESET), and tries the next server at
/// once. Nothing was sent on such a socket, so the servers do not learn of it.
///
/// A socket is one of libzookeeper's if it waits for one of the servers to accept it, does not
/// block, and does not delay small packets. If the application has handles of its own for the same
/// servers, their attempts end in the same way: they, too, try the next server.
///
/// Thread safety: one thread at a time.
class UnansweredAttempts {
 public:
  /// Ends the attempts at these servers ("ip:port") that an earlier call, at least `patience` ago,
  /// has found already. Returns the servers of those that it ended.
  std::vector<std::string> end(const std::vector<std::string>& servers,
                               std::chrono::nanoseconds patience) noexcept;

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
