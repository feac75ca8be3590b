// attempt_patience.h: how long an attempt to connect may take before the next server is tried.
#ifndef ZKLOCK_SRC_WIRE_ATTEMPT_PATIENCE_H_
#define ZKLOCK_SRC_WIRE_ATTEMPT_PATIENCE_H_

#include <chrono>
#include <cstddef>

#include "wire/unanswered_attempts.h"

namespace zklock::internal {

/// What a handle looks for a server with.
struct ServerSearch {
  std::ptrdiff_t servers = 1;        // that it knows
  std::chrono::nanoseconds lasts{};  // so long already
  /// The timeout of the session that is to be resumed. 0: it is to be a new one.
  std::chrono::nanoseconds session{};
  /// Of the caller who waits for the first session. 0: nobody does.
  std::chrono::nanoseconds connect_timeout{};
};

[[nodiscard]] UnansweredAttempts::Patience patience_with(const ServerSearch& search) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ATTEMPT_PATIENCE_H_
