// Who is logged in by SASL, and what the error says of those who are not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zookeeper/zookeeper.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/unique_path.h"
#include "tls/sasl_stage.h"

// Declared in zookeeper_log.h, which does not find its own includes.
extern "C" ZooLogLevel logLevel;  // NOLINT(readability-identifier-naming): the name is theirs
// As an application may use Cyrus SASL itself.
extern "C" int sasl_client_init(const void* callbacks) __attribute__((weak));
extern "C" int sasl_client_done() __attribute__((weak));

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// libzookeeper logs all that it can.
class AllLines {
 public:
  AllLines() { zoo_set_debug_level(ZOO_LOG_LEVEL_DEBUG); }
  ~AllLines() { zoo_set_debug_level(before_); }
  AllLines(const AllLines&) = delete;
  AllLines& operator=(const AllLines&) = delete;

 private:
  const ZooLogLevel before_ = logLevel;
};

class SaslLoginTest : public ::testing::Test {
 protected:
  static SaslStage& stage() { return SaslStage::shared(); }
  static void SetUpTestSuite() { stage(); }  // not while time is measured

  static std::shared_ptr<ZooKeeperClient> client_as(const SaslOptions& sasl) {
    return connect(stage().server.address(), {.sasl = sasl});
  }
  /// What connecting fails with, which must be long before the timeout.
  static LockError error_with(const SaslOptions& sasl,
                              const ZooKeeperServer& server = stage().server) {
    const auto began = std::chrono::steady_clock::now();
    LockError error = error_of([&] {
      static_cast<void>(connect(server.address(), {.connect_timeout = 30s, .sasl = sasl}));
    });
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s);
    return error;
  }
};

TEST_F(SaslLoginTest, TheRightPasswordLogsIn) {
  EXPECT_TRUE(client_as(stage().user("orders"))->children("/", soon()));
}

TEST_F(SaslLoginTest, AWrongPasswordIsRefusedAtOnce) {
  const LockError error = error_with(stage().user("orders", "wrong-horse"));
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  EXPECT_EQ(error.cause(), std::errc::permission_denied);
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr(stage().server.address()),
                    HasSubstr("cannot log in \"orders\" by SASL: the servers refuse")));
}

// With a password of another user, servers with ZOOKEEPER-4839 may log it in.
TEST_F(SaslLoginTest, AnUnknownUserIsRefusedAtOnce) {
  const LockError error = error_with(stage().user("nobody", "wrong-horse"));
  EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  EXPECT_THAT(error.what(), HasSubstr("cannot log in \"nobody\" by SASL: the servers refuse"));
}

TEST_F(SaslLoginTest, AServerWithoutSaslIsSaidToRefuse) {
  const LockError error = error_with(stage().user("orders"), ZooKeeperServer::shared());
  EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  EXPECT_THAT(error.what(), HasSubstr("cannot log in \"orders\" by SASL: invalid parameter"));
}

TEST_F(SaslLoginTest, AServerThatRequiresItRefusesOthers) {
  const SaslStage strict({"-Dzookeeper.sessionRequireClientSASLAuth=true"});
  const std::string address = strict.server.address();
  EXPECT_TRUE(connect(address, {.sasl = strict.user("orders")})->children("/", soon()));
  EXPECT_EQ(error_with(strict.user("orders", "wrong"), strict.server).cause(),
            ZooKeeperErrc::auth_failed);
  const auto anonymous = connect(address);
  const auto answer = anonymous->children("/", soon());
  EXPECT_EQ(answer.error(), ZooKeeperErrc::session_closed_require_sasl_auth);
  EXPECT_THAT(answer.error().message(), HasSubstr("ClientOptions::sasl"));
}

TEST_F(SaslLoginTest, NothingShowsThePassword) {
  const AllLines all;
  const auto logger = std::make_shared<RecordingLogger>();
  const std::string address = stage().server.address();
  EXPECT_TRUE(
      connect(address, {.sasl = stage().user("orders"), .logger = logger})->children("/", soon()));
  const LockError error = error_of([&] {
    static_cast<void>(
        connect(address, {.sasl = stage().user("orders", "wrong-horse"), .logger = logger}));
  });
  EXPECT_THAT(error.what(), Not(HasSubstr("horse")));
  EXPECT_TRUE(logger->await("cannot log in \"orders\""));
  for (const std::string& line : logger->lines()) EXPECT_THAT(line, Not(HasSubstr("horse")));
}

TEST_F(SaslLoginTest, ManyMayLogInAtATime) {
  std::vector<std::future<std::shared_ptr<ZooKeeperClient>>> clients;
  for (int i = 0; i < 16; ++i) {
    const std::string user = i % 2 == 0 ? "orders" : "billing";
    clients.push_back(
        std::async(std::launch::async, [sasl = stage().user(user)] { return client_as(sasl); }));
  }
  for (auto& client : clients) EXPECT_TRUE(client.get()->children("/", soon()));
}

TEST_F(SaslLoginTest, TheApplicationMayUseCyrusSaslToo) {
  const auto client = client_as(stage().user("orders"));
  ASSERT_EQ(sasl_client_init(nullptr), 0);
  sasl_client_done();
  EXPECT_TRUE(client->children("/", soon()));
  EXPECT_TRUE(client_as(stage().user("orders"))->children("/", soon()));
}

using SaslLoginDeathTest = SaslLoginTest;

TEST_F(SaslLoginDeathTest, AProcessMayExitWhileItIsConnected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto client = client_as(stage().user("orders"));
        std::exit(client->children("/", soon()) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(SaslLoginDeathTest, ACyrusSaslWithoutTheMechanismIsSaidToBeOne) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        ::setenv("SASL_PATH", "/no/such", 1);  // of its mechanisms
        const LockError error = error_with(stage().user("orders"));
        std::cerr << error.what() << '\n';
        std::exit(error.code() == Errc::invalid_config ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "sasl: Cyrus SASL has no DIGEST-MD5 here");
}

}  // namespace
}  // namespace zklock::test
