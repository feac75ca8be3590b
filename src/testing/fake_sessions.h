// fake_sessions.h: the sessions of a fake ensemble, as its leader tracks them.
#ifndef ZKLOCK_SRC_TESTING_FAKE_SESSIONS_H_
#define ZKLOCK_SRC_TESTING_FAKE_SESSIONS_H_

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "base/platform.h"

namespace zklock::internal {

struct FakeSession {
  std::array<char, 16> password{};
  std::chrono::milliseconds first_timeout{};  // a new leader goes back to it
  std::chrono::milliseconds timeout{};
  SteadyTime expires_at{};
  std::uint64_t connection = 0;  // the last one that attached to it
};

/// As ZooKeeper's SessionTrackerImpl and LearnerSessionTracker do it: a session is due at the end
/// of the tick in which its timeout passes; what a follower hears of a session reaches the leader
/// with the follower's next answer to the leader's ping, every half tick.
///
/// Thread safety: none.
class FakeSessions {
 public:
  using Id = std::int64_t;

  explicit FakeSessions(std::chrono::milliseconds tick) : tick_(tick) {}

  /// The timeouts of sessions that this server accepts. ZooKeeper's default: 2 to 20 ticks.
  void bound_timeouts(int server, std::chrono::milliseconds least, std::chrono::milliseconds most) {
    bounds_[server] = {least, most};
  }
  /// The timeout that a client gets there, which asks for this one.
  [[nodiscard]] std::chrono::milliseconds negotiate(int server,
                                                    std::chrono::milliseconds wanted) const;

  /// Returns its id.
  Id create(std::chrono::milliseconds timeout, SteadyTime now);
  /// Null: there is none, or not any more.
  [[nodiscard]] FakeSession* find(Id id);
  [[nodiscard]] const FakeSession* find(Id id) const;
  void erase(Id id) { sessions_.erase(id); }

  /// The leader hears of the session.
  void renew(Id id, SteadyTime now);
  /// A follower does.
  void note_at_follower(int server, Id id) { heard_by_[server].insert(id); }
  /// The follower answers the leader's ping.
  void report(int server, SteadyTime now);
  /// Drops the activity that this server has not reported yet.
  void forget(int server) { heard_by_.erase(server); }
  /// Another leader begins to track.
  void restart_all(SteadyTime now);

  [[nodiscard]] std::vector<Id> due(SteadyTime now) const;

 private:
  struct Bounds {
    std::chrono::milliseconds least{};
    std::chrono::milliseconds most{};
  };

  const std::chrono::milliseconds tick_;
  std::map<int, Bounds> bounds_;  // of servers that have others than the default
  std::map<Id, FakeSession> sessions_;
  Id last_id_ = 0x100000000000000;
  std::map<int, std::set<Id>> heard_by_;  // by followers, and not reported yet
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_SESSIONS_H_
