#include "wire/unanswered_attempts.h"

#include <algorithm>
#include <utility>

#include "wire/client_socket.h"
#include "wire/ended_connections.h"

namespace zklock::internal {

/// When an earlier call has found it; now if none has.
SteadyTime UnansweredAttempts::found_at(ino_t socket, SteadyTime now) const {
  const auto known = std::find_if(under_way_.begin(), under_way_.end(),
                                  [&](const Attempt& attempt) { return attempt.socket == socket; });
  return known == under_way_.end() ? now : known->found;
}

std::vector<std::string> UnansweredAttempts::end(const std::vector<std::string>& servers,
                                                 const Patience& patience) noexcept {
  const SteadyTime now = Platform::current().steady_now();
  std::vector<Attempt> still_under_way;
  std::vector<std::string> ended;
  try {
    for (const ClientSocket& socket : client_sockets_to(servers)) {
      const ClientSocket::State state = socket.state();
      const bool is_accepted = state == ClientSocket::State::silent;
      if (!is_accepted && state != ClientSocket::State::connecting) continue;
      const Attempt attempt{socket.inode(), found_at(socket.inode(), now)};
      if (now - attempt.found < (is_accepted ? patience.to_shake_hands : patience.to_accept)) {
        still_under_way.push_back(attempt);
        continue;
      }
      std::string server = socket.server();
      note_end(server);
      if (socket.shut_down()) ended.push_back(std::move(server));
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; the next call may succeed
  }
  under_way_ = std::move(still_under_way);
  return ended;
}

}  // namespace zklock::internal
