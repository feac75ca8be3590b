// libzookeeper_wire.h: a Wire on libzookeeper_mt. Only its .cc and libzookeeper_request.* include
// the header of that library.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_WIRE_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_WIRE_H_

#include <zklock/client_options.h>

#include <memory>
#include <string>

#include "wire/handle_servers.h"
#include "wire/outage_log.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Whether the linked libzookeeper_mt supports TLS.
[[nodiscard]] bool libzookeeper_has_tls() noexcept;
/// The same for SASL.
[[nodiscard]] bool libzookeeper_has_sasl() noexcept;

/// Opens a handle for these servers. It takes newer ones when an attempt to connect has failed.
/// Does not block. Throws std::system_error if there are no resources for it.
[[nodiscard]] std::shared_ptr<Wire> open_libzookeeper(std::shared_ptr<HandleServers> servers,
                                                      const std::string& chroot,
                                                      const ClientOptions& options,
                                                      std::shared_ptr<OutageLog> log,
                                                      std::shared_ptr<WireListener> listener,
                                                      const SessionIdentity* resume);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LIBZOOKEEPER_WIRE_H_
