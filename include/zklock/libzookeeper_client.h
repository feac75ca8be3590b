// zklock/libzookeeper_client.h: the client for production, on libzookeeper_mt.
#ifndef ZKLOCK_LIBZOOKEEPER_CLIENT_H_
#define ZKLOCK_LIBZOOKEEPER_CLIENT_H_

#include <zklock/client_options.h>
#include <zklock/zookeeper_client.h>

#include <memory>
#include <string>

namespace zklock {

/// Opens a session and returns its client, to be shared by any number of locks.
///
/// `address` is "host:port,host:port/chroot". The default port is 2181. IPv6 addresses are written
/// without brackets ("::1:2181"). Names are resolved here, and again when the servers behind them
/// cannot be reached any more.
///
/// Blocks until there is a session, at most for `options.connect_timeout`. Throws LockError:
/// `invalid_config` for an address or options that cannot work; `no_server_answered` if none did in
/// time; `locking_failed` if no name exists, the identity or the user was refused, or the chroot
/// does not exist. The latter two name the address.
///
/// The client keeps the session over broken connections. When the session expires, its claims are
/// gone, and the client opens a new one. Destroying the last reference closes the client in the
/// background. There are three threads for each session: one session is enough for about 5,000 held
/// locks, and further ones are opened automatically.
[[nodiscard]] ZKLOCK_EXPORT std::shared_ptr<ZooKeeperClient> connect(std::string address,
                                                                     ClientOptions options = {});

}  // namespace zklock

#endif  // ZKLOCK_LIBZOOKEEPER_CLIENT_H_
