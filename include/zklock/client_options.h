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

class CallbackExecutor;

/// One identity to authenticate as: `{"digest", "user:password"}`.
struct AuthInfo {
  std::string scheme{};
  std::string credentials{};
};

/// PEM files for an encrypted connection. This needs a libzookeeper_mt that was built with OpenSSL.
/// Debian's is not: then `connect` throws `invalid_config`. How to build one: examples/tls.md.
///
/// The files are read again for each connection, so certificates may be replaced while the client
/// lives. libzookeeper does not compare the servers' names with their certificates, and accepts
/// also those that an authority of the system has signed.
struct TlsOptions {
  std::string ca_file{};  // of the authority that signed the servers' certificates
  /// The client's certificate, with those between it and its authority behind it. Also for servers
  /// that ask for none: libzookeeper then needs any that fits its key.
  std::string certificate_file{};
  std::string key_file{};      // its private key
  std::string key_password{};  // of the key file, "" for none
};

/// A user whom the servers know by SASL, with the mechanism DIGEST-MD5. An ACL may name it:
/// `{Permission::all, "sasl", "orders"}`. This needs a libzookeeper_mt that was built with Cyrus
/// SASL. Debian's is not: then `connect` throws `invalid_config`. How to build one, and what the
/// servers need: examples/sasl.md.
///
/// The password is not sent, and others on the network cannot use what is. But nothing else is
/// protected: requests and answers are neither encrypted nor signed. libzookeeper cannot use SASL
/// and TLS together: setting both is `invalid_config`.
///
/// The first session that the servers refuse fails with `locking_failed`, whose cause is
/// `auth_failed`. A client that has had a session logs the refusal, and tries again, every few
/// seconds: without a connection its leases end in time.
struct SaslOptions {
  std::string user{};
  /// Its first line is the password: 1 to 1,023 bytes. It is read again for each connection, so it
  /// may be replaced while the client lives. Nobody else should be able to read it.
  std::string password_file{};
};

/// Every member has a default, so any may be left out:
/// `ClientOptions{.session_timeout = 6s, .logger = stderr_logger()}`.
struct ClientOptions {
  /// How long the servers keep a session, and with it every claim, without hearing from the client.
  /// Short: a crashed holder's lock is free sooner. Long: a holder survives longer disturbances of
  /// the network. The servers have the last word (2 to 20 of their ticks: 4 to 40 s by default). At
  /// least 1 ms. How to choose it: examples/timeouts.md.
  std::chrono::milliseconds session_timeout{10'000};

  /// How long `connect`, and a ZooKeeperLock without a client, wait for the first session. At least
  /// 1 ms.
  std::chrono::milliseconds connect_timeout{10'000};

  /// Identities to authenticate as, for ACLs.
  std::vector<AuthInfo> auth{};

  /// If set, connect with TLS.
  std::optional<TlsOptions> tls{};

  /// If set, log in by SASL. Not together with `tls`.
  std::optional<SaslOptions> sasl{};

  /// Takes the log lines of the library and of libzookeeper. Null: nothing is logged.
  std::shared_ptr<Logger> logger{};

  /// Runs the callbacks that come from the library: zklock/callback_executor.h. Null: threads of
  /// the library do.
  std::shared_ptr<CallbackExecutor> callback_executor{};
};

}  // namespace zklock

#endif  // ZKLOCK_CLIENT_OPTIONS_H_
