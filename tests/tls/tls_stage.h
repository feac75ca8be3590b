// tls_stage.h: an authority, and a ZooKeeper server that asks for certificates of it.
#ifndef ZKLOCK_TESTS_TLS_TLS_STAGE_H_
#define ZKLOCK_TESTS_TLS_TLS_STAGE_H_

#include <zklock/libzookeeper_client.h>

#include <cstdint>
#include <string>

#include "support/error_of.h"
#include "support/reserved_port.h"
#include "support/zookeeper_server.h"
#include "tls/certificates.h"

namespace zklock::test {

/// The server's certificate is for another host.
class TlsStage {
 public:
  /// One for all tests of the process.
  static TlsStage& shared();

  CertificateAuthority authority;
  Certificate client = authority.sign("CN=client");

 private:
  const ReservedPort port_;

 public:
  ZooKeeperServer server{options()};  // server.address() is that of its plain port

  [[nodiscard]] std::uint16_t port() const noexcept { return port_.number(); }
  /// Of its port for TLS.
  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port()); }
  [[nodiscard]] TlsOptions tls() const { return authority.client(client); }
  [[nodiscard]] ClientOptions client_options() const { return {.tls = tls()}; }

 private:
  [[nodiscard]] ZooKeeperServerOptions options();
};

/// Those of this process that open handles, and the two of each handle, which have their name.
[[nodiscard]] int count_threads();

/// What connecting fails with.
[[nodiscard]] inline LockError error_of_connecting(const std::string& address,
                                                   const ClientOptions& options) {
  return error_of([&] { static_cast<void>(connect(address, options)); });
}

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_TLS_TLS_STAGE_H_
