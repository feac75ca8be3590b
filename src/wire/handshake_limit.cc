#include "wire/handshake_limit.h"

#include <utility>

#include "base/background.h"
#include "wire/client_socket.h"
#include "wire/ended_connections.h"

namespace zklock::internal {

namespace {

constexpr std::chrono::milliseconds kPauseBetweenLooks{250};

struct Limit {
  std::vector<std::string> servers;
  std::chrono::nanoseconds patience;
  std::shared_ptr<Background> background = Background::shared();
};

void look_later(const std::shared_ptr<Limit>& limit) {
  const SteadyTime time = Platform::current().steady_now() + kPauseBetweenLooks;
  limit->background->timers.schedule(time, [weak = std::weak_ptr(limit)] {
    const std::shared_ptr<Limit> still_wanted = weak.lock();
    if (!still_wanted) return;
    end_silent_connections(still_wanted->servers, still_wanted->patience);
    look_later(still_wanted);
  });
}

}  // namespace

std::vector<std::string> end_silent_connections(const std::vector<std::string>& servers,
                                                std::chrono::nanoseconds patience) noexcept {
  std::vector<std::string> ended;
  try {
    for (const ClientSocket& socket : client_sockets_to(servers)) {
      const ClientSocket::State state = socket.state();
      const bool is_open =
          state == ClientSocket::State::silent || state == ClientSocket::State::connected;
      if (!is_open || socket.silent_for() < patience) continue;
      std::string server = socket.server();
      note_end(server);
      if (socket.shut_down()) ended.push_back(std::move(server));
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory; the next call may succeed
  }
  return ended;
}

std::shared_ptr<void> limit_handshakes(std::vector<std::string> servers,
                                       std::chrono::nanoseconds patience) noexcept {
  try {
    auto limit = std::make_shared<Limit>(Limit{std::move(servers), patience});
    look_later(limit);
    return limit;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace zklock::internal
