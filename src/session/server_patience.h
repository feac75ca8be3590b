// server_patience.h: how long a server may be silent before another one is better.
#ifndef ZKLOCK_SRC_SESSION_SERVER_PATIENCE_H_
#define ZKLOCK_SRC_SESSION_SERVER_PATIENCE_H_

#include <algorithm>
#include <chrono>

namespace zklock::internal {

/// Twice the time that answers have taken of late, and at least a twelfth of the session timeout. A
/// third is left when the checks of KeepAlive are sent, so a quarter is left then: as much as the
/// margins of Lease::ending may be. As long as nothing was answered it is a sixth: where answers
/// take longer, nobody can hold a lock in any case. At most two thirds, which is libzookeeper's own
/// patience.
///
/// Thread safety: none.
class ServerPatience {
 public:
  using Duration = std::chrono::nanoseconds;

  [[nodiscard]] Duration of(Duration timeout) const noexcept {
    if (slowest_ == kUnknown) return timeout / 6;
    return std::clamp(2 * slowest_, timeout / 12, most(timeout));
  }
  /// A request was answered.
  void answered_after(Duration time) noexcept { slowest_ = std::max(time, slowest_ / 2); }
  /// A server was left. One that hangs does not let the session in, so if the next server is silent
  /// after that, it is slow, and perhaps all of them are.
  void left_one(Duration timeout) noexcept { slowest_ = most(timeout) / 2; }

 private:
  static constexpr Duration kUnknown{-1};

  static Duration most(Duration timeout) noexcept { return 2 * timeout / 3; }

  Duration slowest_ = kUnknown;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_SERVER_PATIENCE_H_
