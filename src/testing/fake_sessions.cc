#include "testing/fake_sessions.h"

#include <algorithm>
#include <cstring>

namespace zklock::internal {

std::chrono::milliseconds FakeSessions::negotiate(int server,
                                                  std::chrono::milliseconds wanted) const {
  const auto found = bounds_.find(server);
  const Bounds bounds = found == bounds_.end() ? Bounds{2 * tick_, 20 * tick_} : found->second;
  return std::clamp(wanted, bounds.least, bounds.most);
}

FakeSessions::Id FakeSessions::create(std::chrono::milliseconds timeout, SteadyTime now) {
  const Id id = ++last_id_;
  FakeSession& session = sessions_[id];
  std::memcpy(session.password.data(), &id, sizeof id);
  session.first_timeout = session.timeout = timeout;
  renew(id, now);
  return id;
}

FakeSession* FakeSessions::find(Id id) {
  const auto session = sessions_.find(id);
  return session == sessions_.end() ? nullptr : &session->second;
}

const FakeSession* FakeSessions::find(Id id) const {
  const auto session = sessions_.find(id);
  return session == sessions_.end() ? nullptr : &session->second;
}

void FakeSessions::renew(Id id, SteadyTime now) {
  if (FakeSession* const session = find(id)) {
    const auto ticks = (now + session->timeout).time_since_epoch() / tick_;
    session->expires_at = SteadyTime((ticks + 1) * std::chrono::nanoseconds(tick_));
  }
}

void FakeSessions::report(int server, SteadyTime now) {
  for (const Id id : heard_by_[server]) renew(id, now);
  heard_by_.erase(server);
}

void FakeSessions::restart_all(SteadyTime now) {
  heard_by_.clear();
  for (auto& [id, session] : sessions_) {
    session.timeout = session.first_timeout;
    renew(id, now);
  }
}

std::vector<FakeSessions::Id> FakeSessions::due(SteadyTime now) const {
  std::vector<Id> due;
  for (const auto& [id, session] : sessions_) {
    if (session.expires_at <= now) due.push_back(id);
  }
  return due;
}

}  // namespace zklock::internal
