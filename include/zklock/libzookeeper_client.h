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
/// `address` is "host:port,host:port/chroot". A port may be left out: 2181. IPv6 addresses are
/// written without brackets ("::1:2181"). Names are resolved here, and again when the servers that
/// they stood for can not be reached any more.
///
/// Blocks until the session stands, at most for `options.connect_timeout`. Throws LockError:
/// `invalid_config` for an address or options that can not work; `locking_failed`, naming the
/// address, if no server answered in time, no name could be resolved, the identity was refused, or
/// the chroot does not exist.
///
/// The session is kept: over broken connections, and replaced by a new one when it expires (what
/// lived in the old one is gone then: see Session::lost). Destroying the last reference closes it
/// in the background. A fixed number of threads, whatever the number of locks.
[[nodiscard]] ZKLOCK_EXPORT std::shared_ptr<ZooKeeperClient> connect(std::string address,
                                                                     ClientOptions options = {});

}  // namespace zklock

#endif  // ZKLOCK_LIBZOOKEEPER_CLIENT_H_
