#include "tls/tls_stage.h"

#include <filesystem>
#include <fstream>

namespace zklock::test {

int count_threads() {
  int count = 0;
  for (const auto& thread : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(thread.path() / "comm"), name);
    if (name == "zklock-connect") ++count;
  }
  return count;
}

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
