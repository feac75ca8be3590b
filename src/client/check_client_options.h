// check_client_options.h: checking of zklock::ClientOptions.
#ifndef ZKLOCK_SRC_CLIENT_CHECK_CLIENT_OPTIONS_H_
#define ZKLOCK_SRC_CLIENT_CHECK_CLIENT_OPTIONS_H_

#include <zklock/client_options.h>
#include <zklock/export.h>

namespace zklock::internal {

/// Throws LockError(invalid_config), naming the field, for options that can not work. Looks whether
/// the files for TLS can be read; whether this libzookeeper_mt can do TLS at all is not its
/// business.
ZKLOCK_EXPORT void check_client_options(const ClientOptions& options);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_CHECK_CLIENT_OPTIONS_H_
