#include "wire/handshake_limit.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/background.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "wire/client_socket.h"
#include "wire/ended_connections.h"

namespace zklock::internal {

namespace {

constexpr std::chrono::milliseconds kPauseBetweenChecks{250};

struct Limit {
  std::vector<std::string> servers;
  std::chrono::nanoseconds session_timeout;
  std::shared_ptr<Background> background = Background::shared();
};

void look_later(const std::shared_ptr<Limit>& limit) {
  const SteadyTime time = Platform::current().steady_now() + kPauseBetweenChecks;
  limit->background->timers.schedule(time, [weak = std::weak_ptr(limit)] {
    const std::shared_ptr<Limit> still_wanted = weak.lock();
    if (!still_wanted) return;
    end_silent_connections(still_wanted->servers, still_wanted->session_timeout);
    look_later(still_wanted);
  });
}

struct TimeoutsInUse {
  Mutex mutex;
  std::multiset<std::chrono::milliseconds> all ZKLOCK_GUARDED_BY(mutex);
};

TimeoutsInUse& in_use() { return Platform::current().process_wide<TimeoutsInUse>(); }

std::chrono::nanoseconds longest_in_use() {
  TimeoutsInUse& timeouts = in_use();
  const MutexLock lock(timeouts.mutex);
  return timeouts.all.empty() ? std::chrono::milliseconds(0) : *timeouts.all.rbegin();
}

}  // namespace

TimeoutInUse::TimeoutInUse(std::chrono::milliseconds session_timeout) : timeout_(session_timeout) {
  TimeoutsInUse& timeouts = in_use();
  const MutexLock lock(timeouts.mutex);
  timeouts.all.insert(timeout_);
}

TimeoutInUse::~TimeoutInUse() {
  TimeoutsInUse& timeouts = in_use();
  const MutexLock lock(timeouts.mutex);
  if (const auto own = timeouts.all.find(timeout_); own != timeouts.all.end()) {
    timeouts.all.erase(own);
  }
}

void TimeoutInUse::change(std::chrono::milliseconds session_timeout) {
  TimeoutsInUse& timeouts = in_use();
  const MutexLock lock(timeouts.mutex);
  auto own = timeouts.all.extract(timeout_);
  if (own.empty()) return;
  own.value() = timeout_ = session_timeout;
  timeouts.all.insert(std::move(own));
}

std::vector<std::string> end_silent_connections(const std::vector<std::string>& servers,
                                                std::chrono::nanoseconds session_timeout) noexcept {
  std::vector<std::string> ended;
  try {
    const std::chrono::nanoseconds patience = std::max(session_timeout, longest_in_use()) * 2 / 3;
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
                                       std::chrono::nanoseconds session_timeout) noexcept {
  try {
    auto limit = std::make_shared<Limit>(Limit{std::move(servers), session_timeout});
    look_later(limit);
    return limit;
  } catch (...) {
    return nullptr;
  }
}

}  // namespace zklock::internal
