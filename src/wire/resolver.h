// resolver.h: names to numbers. libzookeeper is given numeric addresses only: with names it asks
// the resolver on its network thread, and stops serving the session for as long as that takes or
// fails.
#ifndef ZKLOCK_SRC_WIRE_RESOLVER_H_
#define ZKLOCK_SRC_WIRE_RESOLVER_H_

#include <string>
#include <vector>

#include "wire/address.h"

namespace zklock::internal {

struct Resolved {
  std::vector<std::string>
      servers{};           // numeric "ip:port", none of them twice; in the order of the names
  std::string problem{};   // which names did not resolve, and why; "": all did
  bool try_again = false;  // one of them failed for a reason that may pass
};

/// All addresses of all servers. One name that does not resolve leaves the others usable.
/// Blocking, without a bound of its own: it waits for the system's resolver (getaddrinfo), which
/// may take many seconds. Call it where that does no harm.
[[nodiscard]] Resolved resolve(const std::vector<HostPort>& servers);

/// What libzookeeper takes: "ip:port,ip:port/chroot". Always an odd number of servers, if need be
/// by naming the first one twice: with an even number it can go round half of them only, and never
/// reconnect (ZOOKEEPER-2466). REQUIRES: at least one server.
[[nodiscard]] std::string connection_string(const std::vector<std::string>& servers,
                                            const std::string& chroot);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_RESOLVER_H_
