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

std::optional<std::vector<std::string>> HandleServers::offered() const {
  const MutexLock lock(mutex_);
  return offered_.empty() ? std::nullopt : std::optional(offered_);
}

void HandleServers::use(std::vector<std::string> servers) {
  const MutexLock lock(mutex_);
  if (offered_ == servers) offered_.clear();
  in_use_ = std::move(servers);
}

void HandleServers::search(std::chrono::nanoseconds patience, std::chrono::nanoseconds session) {
  const SteadyTime now = Platform::current().steady_now();
  const MutexLock lock(mutex_);
  searching_since_ = now;
  is_given_up_ = false;  // it had a connection
  patience_ = patience;
  session_timeout_ = session;
}

std::chrono::nanoseconds HandleServers::session_timeout() const {
  const MutexLock lock(mutex_);
  return session_timeout_;
}

bool HandleServers::give_up() {
  const MutexLock lock(mutex_);
  return !std::exchange(is_given_up_, true);
}

bool HandleServers::is_given_up() const {
  const MutexLock lock(mutex_);
  return is_given_up_;
}

bool HandleServers::are_overdue(SteadyTime now) const {
  const MutexLock lock(mutex_);
  const SteadyTime since =
      is_given_up_ ? searching_since_ : std::max(offered_at_, searching_since_);
  return (is_given_up_ || !offered_.empty()) && now >= since + patience_;
}

}  // namespace zklock::internal
