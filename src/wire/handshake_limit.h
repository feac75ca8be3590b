// handshake_limit.h: ends TLS handshakes that a server does not go on with. libzookeeper waits for
// them without a limit.
#ifndef ZKLOCK_SRC_WIRE_HANDSHAKE_LIMIT_H_
#define ZKLOCK_SRC_WIRE_HANDSHAKE_LIMIT_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace zklock::internal {

/// Ends connections to these servers ("ip:port") on which nothing has come for so long. Returns the
/// servers of those that it ended.
///
/// It cannot tell a handshake from what other handles of this process do. With two thirds of the
/// session timeout as `patience`, it ends no connection of such a session that libzookeeper would
/// not give up itself. Thread safety: may be called from any thread.
std::vector<std::string> end_silent_connections(const std::vector<std::string>& servers,
                                                std::chrono::nanoseconds patience) noexcept;

/// Does that again and again, in the background, until the returned object is dropped. Null: there
/// are no resources for it.
[[nodiscard]] std::shared_ptr<void> limit_handshakes(std::vector<std::string> servers,
                                                     std::chrono::nanoseconds patience) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_HANDSHAKE_LIMIT_H_
