#include "wire/handle_servers.h"

#include <algorithm>
#include <utility>

namespace zklock::internal {

namespace {

bool are_the_same(std::vector<std::string> servers, std::vector<std::string> others) {
  std::sort(servers.begin(), servers.end());
  std::sort(others.begin(), others.end());
  return servers == others;
}

}  // namespace

std::vector<std::string> HandleServers::in_use() const {
  const MutexLock lock(mutex_);
  return in_use_;
}

void HandleServers::offer(std::vector<std::string> servers) {
  const SteadyTime now = Platform::current().steady_now();
  const MutexLock lock(mutex_);
  if (are_the_same(servers, in_use_)) {
    offered_.clear();
    return;
  }
  if (offered_.empty()) offered_at_ = now;
  offered_ = std::move(servers);
}

std::optional<std::vector<std::string>> HandleServers::take() {
  const MutexLock lock(mutex_);
  if (offered_.empty()) return std::nullopt;
  in_use_ = std::exchange(offered_, {});
  return in_use_;
}

std::optional<SteadyTime> HandleServers::waiting_since() const {
  const MutexLock lock(mutex_);
  return offered_.empty() ? std::nullopt : std::optional(offered_at_);
}

}  // namespace zklock::internal
