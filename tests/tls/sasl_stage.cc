#include "tls/sasl_stage.h"

#include <filesystem>
#include <fstream>
#include <utility>

namespace zklock::test {

SaslStage& SaslStage::shared() {
  static SaslStage stage;
  return stage;
}

SaslStage::SaslStage(std::vector<std::string> java_options)
    : server(options(std::move(java_options))) {}

const SaslStage::Users& SaslStage::usual_users() {
  static const Users users{{"orders", "correct-horse"}, {"billing", "battery-staple"}};
  return users;
}

void SaslStage::change_users(const Users& users) const {
  std::ofstream file(directory_.path() / "jaas.conf");
  file << "Server { org.apache.zookeeper.server.auth.DigestLoginModule required";
  for (const auto& [name, password] : users) file << " user_" << name << "=\"" << password << '"';
  file << "; };\n";
}

SaslOptions SaslStage::user(const std::string& name, const std::string& password) const {
  static int files = 0;
  SaslOptions sasl{.user = name,
                   .password_file = directory_.path() / ("password" + std::to_string(++files))};
  write_password(sasl, password);
  return sasl;
}

void SaslStage::write_password(const SaslOptions& sasl, const std::string& password) {
  std::ofstream(sasl.password_file) << password << '\n';
}

ZooKeeperServerOptions SaslStage::options(std::vector<std::string> java_options) const {
  change_users(usual_users());
  java_options.push_back("-Djava.security.auth.login.config=" +
                         (directory_.path() / "jaas.conf").string());
  return {
      .settings = {"authProvider.1=org.apache.zookeeper.server.auth.SASLAuthenticationProvider"},
      .java_options = std::move(java_options)};
}

}  // namespace zklock::test
