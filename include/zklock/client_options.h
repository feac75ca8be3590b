// zklock/client_options.h: how a client connects.
#ifndef ZKLOCK_CLIENT_OPTIONS_H_
#define ZKLOCK_CLIENT_OPTIONS_H_

#include <zklock/logger.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace zklock {

/// One identity to authenticate as: `{"digest", "user:password"}`.
struct AuthInfo {
  std::string scheme{};
  std::string credentials{};
};

/// PEM files for an encrypted connection. It needs a libzookeeper_mt that was built with OpenSSL
/// (Debian 12's is not): `connect` says `invalid_config` where it was not.
struct TlsOptions {
  std::string ca_file{};           // of the authority that signed the servers' certificates
  std::string certificate_file{};  // the client's own, "" for none
  std::string key_file{};          // its private key
  std::string key_password{};      // of the key file, "" for none
};

/// Every member has a default, so that any may be left out:
/// `ClientOptions{.session_timeout = 6s, .logger = stderr_logger()}`.
struct ClientOptions {
  /// How long the servers keep a session, and with it every claim, without hearing from the client.
  /// Short: a crashed holder's lock is free sooner. Long: a holder survives longer disturbances of
  /// the network. The servers bound it (2 to 20 of their ticks: 4 to 40 s by default) and have the
  /// last word. At least 1 ms.
  std::chrono::milliseconds session_timeout{10'000};

  /// How long `connect`, and a ZooKeeperLock that connects by itself, wait for a first session.
  /// At least 1 ms.
  std::chrono::milliseconds connect_timeout{10'000};

  /// Identities to authenticate as, for ACLs.
  std::vector<AuthInfo> auth{};

  /// Set: connect with TLS.
  std::optional<TlsOptions> tls{};

  /// Takes the library's log and libzookeeper's. None: nothing is logged.
  std::shared_ptr<Logger> logger{};
};

}  // namespace zklock

#endif  // ZKLOCK_CLIENT_OPTIONS_H_
