// session_connection.h: a session on a connection.
#ifndef ZKLOCK_SRC_SESSION_SESSION_CONNECTION_H_
#define ZKLOCK_SRC_SESSION_SESSION_CONNECTION_H_

#include <cstdint>
#include <memory>

#include "session/session_state.h"
#include "wire/wire.h"

namespace zklock::internal {

struct SessionConnection {
  std::shared_ptr<Wire> wire;
  std::shared_ptr<SessionState> session;
  std::uint64_t number = 0;  // counts the connections of the client, from 1
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_SESSION_CONNECTION_H_
