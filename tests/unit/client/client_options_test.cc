#include "client/check_client_options.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zklock/error.h>

#include <chrono>
#include <climits>
#include <cstdlib>
#include <string>

namespace zklock::internal {
namespace {

using namespace std::chrono_literals;

/// The detail of the refusal, "" if the options are accepted.
std::string refusal_of(const ClientOptions& options) {
  try {
    check_client_options(options);
    return "";
  } catch (const LockError& error) {
    EXPECT_EQ(error.code(), Errc::invalid_config);
    return std::string(error.what()).substr(error.code().message().size() + 2);
  }
}

/// A file that can be read, gone with it.
class ReadableFile {
 public:
  explicit ReadableFile(const std::string& text = "")
      : path_(::testing::TempDir() + "zklock_client_options_XXXXXX") {
    const int file = mkstemp(path_.data());
    EXPECT_GE(file, 0);
    EXPECT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(file);
  }
  ~ReadableFile() { unlink(path_.c_str()); }
  ReadableFile(const ReadableFile&) = delete;
  ReadableFile& operator=(const ReadableFile&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(ClientOptionsTest, TheDefaultsAreAccepted) { EXPECT_EQ(refusal_of({}), ""); }

TEST(ClientOptionsTest, TimeoutsFitIntoAnInt) {
  EXPECT_EQ(refusal_of({.session_timeout = 1ms, .connect_timeout = 1ms}), "");
  const auto most = std::chrono::milliseconds(INT_MAX);
  EXPECT_EQ(refusal_of({.session_timeout = most, .connect_timeout = most}), "");
  EXPECT_EQ(refusal_of({.session_timeout = 0ms}),
            "session_timeout: 0 ms is not between 1 and 2147483647 ms");
  EXPECT_EQ(refusal_of({.session_timeout = -1ms}),
            "session_timeout: -1 ms is not between 1 and 2147483647 ms");
  EXPECT_EQ(refusal_of({.session_timeout = most + 1ms}),
            "session_timeout: 2147483648 ms is not between 1 and 2147483647 ms");
  EXPECT_EQ(refusal_of({.connect_timeout = 0ms}),
            "connect_timeout: 0 ms is not between 1 and 2147483647 ms");
  EXPECT_EQ(refusal_of({.connect_timeout = most + 1ms}),
            "connect_timeout: 2147483648 ms is not between 1 and 2147483647 ms");
}

TEST(ClientOptionsTest, AnIdentityHasAScheme) {
  EXPECT_EQ(refusal_of({.auth = {{"digest", "user:password"}, {"x", ""}}}), "");
  EXPECT_EQ(refusal_of({.auth = {{"digest", "user:password"}, {"", "user:secret"}}}),
            "auth[1].scheme: it is empty");
  EXPECT_EQ(refusal_of({.auth = {{std::string("a\0b", 3), ""}}}),
            "auth[0].scheme: it has a NUL in it");
}

// libzookeeper loads all of them, also for servers that ask for no certificate.
TEST(ClientOptionsTest, TlsNeedsTheAuthorityACertificateAndItsKey) {
  const ReadableFile file;
  const std::string& path = file.path();
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, path, path, ""}}), "");
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, path, path, "secret"}}), "");
  EXPECT_EQ(refusal_of({.tls = TlsOptions{}}), "tls.ca_file: it is empty");
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, "", path, ""}}),
            "tls.certificate_file: it is empty");
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, path, "", "secret"}}), "tls.key_file: it is empty");
}

TEST(ClientOptionsTest, FilesForTlsCanBeRead) {
  const ReadableFile file;
  const std::string& path = file.path();
  const std::string reason = R"(: cannot read "/no/such.pem": No such file or directory)";
  EXPECT_EQ(refusal_of({.tls = TlsOptions{"/no/such.pem", path, path, ""}}),
            "tls.ca_file" + reason);
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, "/no/such.pem", path, ""}}),
            "tls.certificate_file" + reason);
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, path, "/no/such.pem", ""}}),
            "tls.key_file" + reason);
}

TEST(ClientOptionsTest, TlsPartsHaveNoCommas) {
  const ReadableFile file;
  const std::string& path = file.path();
  const std::string reason = ": it has a comma or a NUL in it, which libzookeeper cannot pass on";
  EXPECT_EQ(refusal_of({.tls = TlsOptions{"/a,b.pem", path, path, ""}}), "tls.ca_file" + reason);
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path, path, path, "pass,word"}}),
            "tls.key_password" + reason);
  EXPECT_EQ(refusal_of({.tls = TlsOptions{path + '\0', path, path, ""}}), "tls.ca_file" + reason);
}

TEST(ClientOptionsTest, SaslNeedsAUserAndAFileWithAPassword) {
  const ReadableFile file("secret\n");
  const ReadableFile empty;
  EXPECT_EQ(refusal_of({.sasl = SaslOptions{"orders", file.path()}}), "");
  EXPECT_EQ(refusal_of({.sasl = SaslOptions{}}), "sasl.user: it is empty");
  EXPECT_EQ(refusal_of({.sasl = SaslOptions{std::string("a\0b", 3), file.path()}}),
            "sasl.user: it has a NUL in it");
  EXPECT_EQ(refusal_of({.sasl = SaslOptions{"orders", ""}}), "sasl.password_file: it is empty");
  EXPECT_EQ(refusal_of({.sasl = SaslOptions{"orders", "/no/such"}}),
            R"(sasl.password_file: cannot read "/no/such": No such file or directory)");
  EXPECT_EQ(refusal_of({.sasl = SaslOptions{"orders", empty.path()}}),
            "sasl.password_file: the first line of \"" + empty.path() + "\" is empty");
}

TEST(ClientOptionsTest, SaslAndTlsExcludeEachOther) {
  const ReadableFile file("secret\n");
  const std::string& path = file.path();
  EXPECT_EQ(
      refusal_of({.tls = TlsOptions{path, path, path, ""}, .sasl = SaslOptions{"orders", path}}),
      "sasl: libzookeeper cannot use it together with TLS");
}

TEST(ClientOptionsTest, SecretsAreNotInTheMessage) {
  const std::string text = refusal_of({.auth = {{"", "user:secret"}}}) +
                           refusal_of({.tls = TlsOptions{"/", "", "", "secret"}}) +
                           refusal_of({.tls = TlsOptions{"/", "/", "/", "secret,"}});
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
}

}  // namespace
}  // namespace zklock::internal
