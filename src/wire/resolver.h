// resolver.h: resolves names of servers. libzookeeper gets numeric addresses only: it would resolve
// names on its network thread, and not serve the session for as long as that takes or fails.
#ifndef ZKLOCK_SRC_WIRE_RESOLVER_H_
#define ZKLOCK_SRC_WIRE_RESOLVER_H_

#include <string>
#include <vector>

#include "wire/address.h"

namespace zklock::internal {

struct Resolved {
  std::vector<std::string>
      servers{};           // numeric "ip:port" without duplicates, in the order of the names
  std::string problem{};   // the names that did not resolve, and why; "": none
  bool try_again = false;  // one of them failed for a temporary reason
};

/// All addresses of all servers. If one name does not resolve, the others are still usable. Blocks
/// without a bound: the system's resolver (getaddrinfo) may take many seconds.
[[nodiscard]] Resolved resolve(const std::vector<HostPort>& servers);

/// libzookeeper's form of the address: "ip:port,ip:port/chroot". Always an odd number of servers;
/// if necessary the first one is named twice. With an even number libzookeeper may try only half of
/// them forever (ZOOKEEPER-2466). REQUIRES: at least one server.
[[nodiscard]] std::string connection_string(const std::vector<std::string>& servers,
                                            const std::string& chroot);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_RESOLVER_H_
