// openssl.h: the OpenSSL that libzookeeper_mt is linked with, if it is.
#ifndef ZKLOCK_SRC_WIRE_OPENSSL_H_
#define ZKLOCK_SRC_WIRE_OPENSSL_H_

#include <zklock/client_options.h>

#include <string>

namespace zklock::internal {

/// Called before anything else here, and before the first handle with TLS. OpenSSL's own exit
/// handler would run before ours, and take away what the threads of open handles use: the process
/// would crash while it ends.
void keep_openssl_until_exit() noexcept;

/// Loads the files as libzookeeper does for each connection, since that tries files that cannot be
/// used without a pause and without an end. Returns what is wrong with them; "": nothing is known.
[[nodiscard]] std::string problem_with_files(const TlsOptions& tls);

/// Takes what OpenSSL could not do on this thread: "certificate verify failed". "": no error.
[[nodiscard]] std::string take_openssl_error();

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_OPENSSL_H_
