#include "wire/ended_connections.h"

#include <chrono>
#include <map>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

struct EndedConnections {
  Mutex mutex;
  std::map<std::string, SteadyTime> last ZKLOCK_GUARDED_BY(mutex);  // by server
};

/// Never destroyed: lines of libzookeeper may come while the process exits.
EndedConnections& ended_connections() {
  return Platform::current().process_wide<EndedConnections>();
}

constexpr std::chrono::seconds kUntilItsLine{1};

}  // namespace

void note_end(const std::string& server) {
  const SteadyTime now = Platform::current().steady_now();
  EndedConnections& ended = ended_connections();
  const MutexLock lock(ended.mutex);
  std::erase_if(ended.last, [now](const auto& of) { return now - of.second > kUntilItsLine; });
  ended.last[server] = now;
}

bool was_just_ended(std::string_view server) {
  const SteadyTime now = Platform::current().steady_now();
  EndedConnections& ended = ended_connections();
  const MutexLock lock(ended.mutex);
  const auto found = ended.last.find(peer_in_line(server));
  return found != ended.last.end() && now - found->second <= kUntilItsLine;
}

std::string peer_in_line(std::string_view server) {
  std::string text(server);
  std::erase_if(text, [](char c) { return c == '[' || c == ']'; });
  return text;
}

}  // namespace zklock::internal
