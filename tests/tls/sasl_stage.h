// sasl_stage.h: a ZooKeeper server that knows users by SASL, and files with their passwords.
#ifndef ZKLOCK_TESTS_TLS_SASL_STAGE_H_
#define ZKLOCK_TESTS_TLS_SASL_STAGE_H_

#include <zklock/client_options.h>

#include <map>
#include <string>
#include <vector>

#include "support/temporary_directory.h"
#include "support/zookeeper_server.h"

namespace zklock::test {

/// Thread safety: none.
class SaslStage {
 public:
  /// By name, with their passwords.
  using Users = std::map<std::string, std::string>;

  /// One for all tests of the process. It knows the usual users.
  static SaslStage& shared();

  /// `java_options`: further ones of its server.
  explicit SaslStage(std::vector<std::string> java_options = {});

  static const Users& usual_users();

  /// From the next start of the server on.
  void change_users(const Users& users) const;
  /// With a file that has this password.
  [[nodiscard]] SaslOptions user(const std::string& name, const std::string& password) const;
  /// One of the usual users, with the right password.
  [[nodiscard]] SaslOptions user(const std::string& name) const {
    return user(name, usual_users().at(name));
  }
  static void write_password(const SaslOptions& sasl, const std::string& password);

 private:
  [[nodiscard]] ZooKeeperServerOptions options(std::vector<std::string> java_options) const;

  const TemporaryDirectory directory_;

 public:
  ZooKeeperServer server;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_TLS_SASL_STAGE_H_
