// handle_servers.h: the servers of one handle of libzookeeper, and newer addresses of them.
#ifndef ZKLOCK_SRC_WIRE_HANDLE_SERVERS_H_
#define ZKLOCK_SRC_WIRE_HANDLE_SERVERS_H_

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
  /// `servers`: "ip:port", as `resolve` writes them. At least one.
  explicit HandleServers(std::vector<std::string> servers) : in_use_(std::move(servers)) {}

  [[nodiscard]] std::vector<std::string> in_use() const;
  /// These are the servers now. Their order does not matter. REQUIRES: at least one.
  void offer(std::vector<std::string> servers);
  /// The servers that were offered, if they are not those in use. They are in use from here on.
  [[nodiscard]] std::optional<std::vector<std::string>> take();
  /// Since when there are others to be taken; none: there are not.
  [[nodiscard]] std::optional<SteadyTime> waiting_since() const;

 private:
  mutable Mutex mutex_;
  std::vector<std::string> in_use_ ZKLOCK_GUARDED_BY(mutex_);
  std::vector<std::string> offered_ ZKLOCK_GUARDED_BY(mutex_);  // empty: none
  SteadyTime offered_at_ ZKLOCK_GUARDED_BY(mutex_){};
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_HANDLE_SERVERS_H_
