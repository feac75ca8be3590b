// resolver.h: resolves names of servers. libzookeeper gets numeric addresses only: it would resolve
// names on its network thread, and not serve the session for as long as that takes or fails.
#ifndef ZKLOCK_SRC_WIRE_RESOLVER_H_
#define ZKLOCK_SRC_WIRE_RESOLVER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "wire/address.h"

namespace zklock::internal {

/// The addresses of one host.
struct HostAddresses {
  std::vector<std::string> numeric{};
  std::string problem{};   // why it did not resolve, or not to all addresses; "": it did
  bool try_again = false;  // the reason is a temporary one
};

/// Asks the system's resolver (getaddrinfo). Blocks without a bound: it may take many seconds.
[[nodiscard]] HostAddresses look_up(const std::string& host);

struct Resolved {
  std::vector<std::string>
      servers{};           // numeric "ip:port" without duplicates, in the order of the names
  std::string problem{};   // the names that did not resolve, and why; "": none
  bool try_again = false;  // one of them failed for a temporary reason
};

/// Thread safety: one thread at a time.
class Resolver {
 public:
  using LookUp = std::function<HostAddresses(const std::string& host)>;

  explicit Resolver(std::vector<HostPort> servers, LookUp look_up = &internal::look_up)
      : servers_(std::move(servers)), look_up_(std::move(look_up)) {}

  /// All addresses of all servers. A name that does not resolve keeps the addresses that it had: a
  /// name server that fails for a moment does not move servers. If it had none, the others are
  /// still usable. Blocks as `look_up` does.
  [[nodiscard]] Resolved resolve();

 private:
  const std::vector<HostPort> servers_;
  const LookUp look_up_;
  std::map<std::string, std::vector<std::string>> known_;  // of each host that has resolved
};

/// An odd number of servers; if necessary some are named twice. With an even number libzookeeper
/// may try only half of them forever (ZOOKEEPER-2466). `other_than`: not so many either, as it may
/// take a list of the same length for the one that it has. REQUIRES: at least one server.
[[nodiscard]] std::vector<std::string> padded(std::vector<std::string> servers,
                                              std::size_t other_than = 0);

/// libzookeeper's form of the address: "ip:port,ip:port/chroot", with padded servers.
/// REQUIRES: at least one server.
[[nodiscard]] std::string connection_string(const std::vector<std::string>& servers,
                                            const std::string& chroot);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_RESOLVER_H_
