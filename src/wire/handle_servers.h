// handle_servers.h: the servers of one handle of libzookeeper, and newer addresses of them.
#ifndef ZKLOCK_SRC_WIRE_HANDLE_SERVERS_H_
#define ZKLOCK_SRC_WIRE_HANDLE_SERVERS_H_

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// The thread that resolves names offers newer addresses. The handle takes them when it can
/// (README.md, "Session and wire").
///
/// Thread safety: all functions may be called from any thread.
class HandleServers {
 public:
  /// With a handle that takes no others, and before the first connection: no lease relies on it.
  static constexpr std::chrono::nanoseconds kShortPatience = std::chrono::seconds(2);

  /// `servers`: "ip:port", as `resolve` writes them. At least one.
  /// `session`: the timeout of the one that the handle is to resume. 0: it has none yet.
  explicit HandleServers(std::vector<std::string> servers, std::chrono::nanoseconds session = {})
      : in_use_(std::move(servers)), session_timeout_(session) {}

  [[nodiscard]] std::vector<std::string> in_use() const;
  /// These are the servers now. Their order does not matter. REQUIRES: at least one.
  void offer(std::vector<std::string> servers);
  /// The servers that were offered, if they are not those in use.
  [[nodiscard]] std::optional<std::vector<std::string>> offered() const;
  /// The handle has taken these.
  void use(std::vector<std::string> servers);

  /// The handle has lost its connection: it looks for a server from here on, and takes others
  /// within `patience`, if it can. `session`: the timeout of its session.
  void search(std::chrono::nanoseconds patience, std::chrono::nanoseconds session);
  /// The timeout of the session that it is to resume; 0: it has none yet.
  [[nodiscard]] std::chrono::nanoseconds session_timeout() const;
  /// The handle will not connect: another one is needed. False: that is known.
  bool give_up();
  [[nodiscard]] bool is_given_up() const;
  /// Whether others have waited for longer than that, or the handle was given up. Only time of this
  /// search counts: a lease may rely on the handle's session until then.
  [[nodiscard]] bool are_overdue(SteadyTime now) const;

 private:
  mutable Mutex mutex_;
  std::vector<std::string> in_use_ ZKLOCK_GUARDED_BY(mutex_);
  std::vector<std::string> offered_ ZKLOCK_GUARDED_BY(mutex_);  // empty: none
  SteadyTime offered_at_ ZKLOCK_GUARDED_BY(mutex_){};
  SteadyTime searching_since_ ZKLOCK_GUARDED_BY(mutex_) = SteadyTime::min();
  std::chrono::nanoseconds session_timeout_ ZKLOCK_GUARDED_BY(mutex_);
  bool is_given_up_ ZKLOCK_GUARDED_BY(mutex_) = false;
  std::chrono::nanoseconds patience_ ZKLOCK_GUARDED_BY(mutex_) = kShortPatience;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_HANDLE_SERVERS_H_
