#include "tls/tls_stage.h"

namespace zklock::test {

TlsStage& TlsStage::shared() {
  static TlsStage stage;
  return stage;
}

ZooKeeperServerOptions TlsStage::options() {
  return {
      .settings = {
          "secureClientPort=" + std::to_string(port()),
          "secureClientPortAddress=127.0.0.1",
          "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
          "ssl.keyStore.type=PEM",
          "ssl.keyStore.location=" + authority.in_one_file(authority.sign("CN=zookeeper.example")),
          "ssl.trustStore.type=PEM",
          "ssl.trustStore.location=" + authority.ca_file(),
          "ssl.clientAuth=need",
      }};
}

}  // namespace zklock::test
