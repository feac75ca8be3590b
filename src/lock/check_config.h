// check_config.h: refuses a lock's configuration that could not work.
#ifndef ZKLOCK_SRC_LOCK_CHECK_CONFIG_H_
#define ZKLOCK_SRC_LOCK_CHECK_CONFIG_H_

#include <zklock/client_options.h>
#include <zklock/zookeeper_lock.h>

namespace zklock::internal {

/// Throws LockError(invalid_config), which names the field and the reason. `options`: those of the
/// client that the lock makes for itself; null if the lock is given a client. (Making the client
/// checks the rest of them.)
void check_config(const ZooKeeperLockConfig& config, const ClientOptions* options);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CHECK_CONFIG_H_
