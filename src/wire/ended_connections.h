// ended_connections.h: the connections of libzookeeper that this library has ended.
#ifndef ZKLOCK_SRC_WIRE_ENDED_CONNECTIONS_H_
#define ZKLOCK_SRC_WIRE_ENDED_CONNECTIONS_H_

#include <string>
#include <string_view>

namespace zklock::internal {

// libzookeeper takes such an end for the server's. Which client it was does not matter to the one
// whose connection it was. All of it may be called from any thread.

/// A connection to this server ("ip:port") is about to be ended. REQUIRES: called before it is, as
/// libzookeeper's line may come at once.
void note_end(const std::string& server);

/// Whether one to this server was ended in the last second: then a reset is no answer.
[[nodiscard]] bool was_just_ended(std::string_view server);

/// A server in a line of libzookeeper, which may put an IPv6 address in brackets, as `peer_of`
/// writes it.
[[nodiscard]] std::string peer_in_line(std::string_view server);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_ENDED_CONNECTIONS_H_
