// check_client_options.h: checks zklock::ClientOptions.
#ifndef ZKLOCK_SRC_CLIENT_CHECK_CLIENT_OPTIONS_H_
#define ZKLOCK_SRC_CLIENT_CHECK_CLIENT_OPTIONS_H_

#include <zklock/client_options.h>
#include <zklock/export.h>

namespace zklock::internal {

/// Throws LockError(invalid_config), which names the field, for options that cannot work. Checks
/// that the files for TLS and SASL can be read, but not whether this libzookeeper_mt supports
/// these.
ZKLOCK_EXPORT void check_client_options(const ClientOptions& options);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CHECK_CLIENT_OPTIONS_H_
