// handshake_limit.h: ends TLS handshakes that a server does not go on with. libzookeeper waits for
// them without a limit.
#ifndef ZKLOCK_SRC_WIRE_HANDSHAKE_LIMIT_H_
#define ZKLOCK_SRC_WIRE_HANDSHAKE_LIMIT_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace zklock::internal {

/// A handle with TLS has this session timeout, while the object lives.
/// Thread safety: one thread at a time.
class TimeoutInUse {
 public:
  explicit TimeoutInUse(std::chrono::milliseconds session_timeout);
  ~TimeoutInUse();
  TimeoutInUse(const TimeoutInUse&) = delete;
  TimeoutInUse& operator=(const TimeoutInUse&) = delete;
  void change(std::chrono::milliseconds session_timeout);

 private:
  std::chrono::milliseconds timeout_;
};

/// Ends connections to these servers ("ip:port") on which nothing has come for two thirds of the
/// session timeout: of this one, or of the longest in use. Returns the servers of those that it
/// ended.
///
/// It cannot tell a handshake from what other handles of this process do. libzookeeper itself gives
/// a connection up that has been silent for so long. So it harms no handle but those that are the
/// application's own, with longer timeouts. Thread safety: may be called from any thread.
std::vector<std::string> end_silent_connections(const std::vector<std::string>& servers,
                                                std::chrono::nanoseconds session_timeout) noexcept;

/// Does that again and again, in the background, until the returned object is dropped. Null: there
/// are no resources for it.
[[nodiscard]] std::shared_ptr<void> limit_handshakes(
    std::vector<std::string> servers, std::chrono::nanoseconds session_timeout) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_HANDSHAKE_LIMIT_H_
