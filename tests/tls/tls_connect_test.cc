// Which certificates connect, and what the error says if they do not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/reserved_port.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "tls/tls_stage.h"

extern "C" int OPENSSL_init_crypto(std::uint64_t options, const void* settings)
    __attribute__((weak));

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class TlsConnectTest : public ::testing::Test {
 protected:
  static LockError error_with(const TlsOptions& tls,
                              const std::string& address = stage().address()) {
    return error_of_connecting(address, {.connect_timeout = kPatience, .tls = tls});
  }
  static std::string text_with(const TlsOptions& tls,
                               const std::string& address = stage().address()) {
    return error_with(tls, address).what();
  }
  static TlsStage& stage() { return TlsStage::shared(); }

  static constexpr std::chrono::seconds kPatience{2};
};

TEST_F(TlsConnectTest, CertificatesOfTheAuthorityConnect) {
  const auto client = connect(stage().address(), stage().client_options());
  EXPECT_TRUE(client->children("/", soon()));
}

TEST_F(TlsConnectTest, OneOfSeveralAddressesOfANameConnects) {
  const std::string address = "localhost:" + std::to_string(stage().port());
  EXPECT_TRUE(connect(address, stage().client_options())->children("/", soon()));
}

// The stage's server has such a certificate: libzookeeper does not compare the names.
TEST_F(TlsConnectTest, AServersCertificateForAnotherHostIsAccepted) {
  EXPECT_TRUE(connect(stage().address(), stage().client_options())->children("/", soon()));
}

TEST_F(TlsConnectTest, AServersCertificateOfAnotherAuthorityIsRefused) {
  const CertificateAuthority other;
  TlsOptions tls = stage().tls();
  tls.ca_file = other.ca_file();
  const auto began = std::chrono::steady_clock::now();
  const LockError error = error_with(tls);
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_THAT(error.what(),
              HasSubstr(stage().address() + ": no TLS handshake: certificate verify failed"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience + 1s);
}

TEST_F(TlsConnectTest, AnExpiredCertificateOfTheServerIsRefused) {
  const Certificate expired =
      stage().authority.sign("CN=expired", CertificateAuthority::Validity::expired);
  const ReservedPort port;
  const std::string address = "127.0.0.1:" + std::to_string(port.number());
  Subprocess server({"openssl", "s_server", "-accept", address, "-cert", expired.certificate_file,
                     "-key", expired.key_file},
                    {}, Subprocess::Input::written);
  ASSERT_TRUE(server.wait_for_line("ACCEPT")) << server.standard_error();
  EXPECT_THAT(text_with(stage().tls(), address),
              HasSubstr("no TLS handshake: certificate verify failed"));
}

TEST_F(TlsConnectTest, AnExpiredCertificateOfTheClientIsRefused) {
  const Certificate expired =
      stage().authority.sign("CN=expired", CertificateAuthority::Validity::expired);
  EXPECT_THAT(text_with(stage().authority.client(expired)), HasSubstr("no TLS handshake: "));
}

TEST_F(TlsConnectTest, AClientsCertificateOfAnotherAuthorityIsRefused) {
  CertificateAuthority other;
  TlsOptions tls = other.client(other.sign("CN=client"));
  tls.ca_file = stage().authority.ca_file();
  EXPECT_THAT(text_with(tls), HasSubstr("no TLS handshake: "));
}

TEST_F(TlsConnectTest, AKeyThatIsOfAnotherCertificateIsRefusedAtOnce) {
  TlsOptions tls = stage().tls();
  tls.key_file = stage().authority.sign("CN=other").key_file;
  const auto began = std::chrono::steady_clock::now();
  const LockError error = error_with(tls);
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_THAT(error.what(), HasSubstr("tls.key_file: OpenSSL cannot use \"" + tls.key_file +
                                      "\": key values mismatch"));
  EXPECT_LT(std::chrono::steady_clock::now() - began, kPatience);
}

TEST_F(TlsConnectTest, FilesThatAreNoPemAreRefused) {
  TlsOptions tls = stage().tls();
  tls.ca_file = "/proc/self/status";
  EXPECT_THAT(text_with(tls), HasSubstr("tls.ca_file: OpenSSL cannot use "));
  tls = stage().tls();
  tls.certificate_file = "/proc/self/status";
  EXPECT_THAT(text_with(tls), HasSubstr("tls.certificate_file: OpenSSL cannot use "));
}

TEST_F(TlsConnectTest, AnEncryptedKeyNeedsItsPasswordWhichNothingShows) {
  const auto logger = std::make_shared<RecordingLogger>();
  const std::string secret = "correct-horse";
  TlsOptions tls = stage().tls();
  tls.key_file = stage().authority.encrypted_key(stage().client, secret);
  tls.key_password = secret;
  ClientOptions options{
      .auth = {{"digest", "orders:battery-staple"}}, .tls = tls, .logger = logger};
  EXPECT_TRUE(connect(stage().address(), options)->children("/", soon()));
  options.tls->key_password = "staple-battery";
  const LockError error = error_of_connecting(stage().address(), options);
  EXPECT_THAT(error.what(), AllOf(HasSubstr("tls.key_file: OpenSSL cannot use "),
                                  Not(HasSubstr(options.tls->key_password))));
  for (const std::string& line : logger->lines()) {
    EXPECT_THAT(line, AllOf(Not(HasSubstr(secret)), Not(HasSubstr("staple"))));
  }
  options.tls->key_password = "";  // and it does not ask at the terminal
  EXPECT_THAT(text_with(*options.tls), HasSubstr("tls.key_file: OpenSSL cannot use "));
}

TEST_F(TlsConnectTest, APlainPortIsNoTlsPort) {
  EXPECT_THAT(text_with(stage().tls(), stage().server.address()),
              HasSubstr(stage().server.address() + ": no TLS handshake: "));
}

TEST_F(TlsConnectTest, ATlsPortIsNoPlainPort) {
  const LockError error = error_of_connecting(stage().address(), {.connect_timeout = kPatience});
  EXPECT_THAT(error.what(), HasSubstr("or not a plain client port"));
}

TEST_F(TlsConnectTest, AnAclMayNameTheCertificate) {
  TlsOptions tls = stage().authority.client(stage().authority.sign("CN=stranger"));
  const auto client = connect(stage().address(), stage().client_options());
  const auto stranger = connect(stage().address(), {.tls = tls});
  const std::string path = "/" + std::to_string(::getpid());
  ASSERT_TRUE(client->create(path, "", {{Permission::all, "x509", "CN=client"}}, soon()));
  EXPECT_TRUE(client->get(path, soon()));
  EXPECT_EQ(stranger->get(path, soon()).error(), ZooKeeperErrc::no_auth);
}

using TlsConnectDeathTest = TlsConnectTest;

// OpenSSL's exit handler must not take away what the handle's threads use.
TEST_F(TlsConnectDeathTest, AProcessMayExitWhileItConnects) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        TlsOptions tls = stage().tls();
        tls.ca_file = tls.certificate_file;  // one attempt after the other, in vain
        static_cast<void>(error_of_connecting(
            stage().address(), {.session_timeout = 200ms, .connect_timeout = 300ms, .tls = tls}));
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(TlsConnectDeathTest, AProcessThatHasOpenSslMayExitWhileItConnectsWithoutTls) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        LoopbackProxy proxy(stage().server.port(), LoopbackProxy::Traffic::bytes);
        const auto client = connect(proxy.address(), {.session_timeout = 1s});
        proxy.refuse();
        proxy.cut();
        OPENSSL_init_crypto(0, nullptr);  // as an application may: with its exit handler
        std::exit(0);
      },
      ::testing::ExitedWithCode(0), "");
}

TEST_F(TlsConnectDeathTest, AProcessMayExitWhileItIsConnected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        const auto client = connect(stage().address(), stage().client_options());
        std::exit(client->children("/", soon()) ? 0 : 1);
      },
      ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace zklock::test
