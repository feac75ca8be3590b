#include "wire/openssl.h"

#include <cstdint>
#include <memory>

#include "base/utf8.h"

// Declared here, since nothing else of OpenSSL is needed to build this library. They are missing if
// libzookeeper_mt was built without it. These are the same in OpenSSL 1.1 and 3.
// NOLINTBEGIN(readability-identifier-naming,google-runtime-int): the names and types are theirs
extern "C" {
struct ssl_ctx_st;
using SSL_CTX = ssl_ctx_st;
int OPENSSL_init_crypto(std::uint64_t options, const void* settings) __attribute__((weak));
unsigned long ERR_peek_error() __attribute__((weak));
unsigned long ERR_peek_last_error() __attribute__((weak));
void ERR_clear_error() __attribute__((weak));
const char* ERR_reason_error_string(unsigned long error) __attribute__((weak));
const void* TLS_client_method() __attribute__((weak));
SSL_CTX* SSL_CTX_new(const void* method) __attribute__((weak));
void SSL_CTX_free(SSL_CTX* context) __attribute__((weak));
int SSL_CTX_load_verify_locations(SSL_CTX* context, const char* file, const char* directory)
    __attribute__((weak));
int SSL_CTX_use_certificate_chain_file(SSL_CTX* context, const char* file) __attribute__((weak));
void SSL_CTX_set_default_passwd_cb_userdata(SSL_CTX* context, void* password) __attribute__((weak));
int SSL_CTX_use_PrivateKey_file(SSL_CTX* context, const char* file, int type) __attribute__((weak));
}
// NOLINTEND(readability-identifier-naming,google-runtime-int): see above

namespace zklock::internal {

namespace {

constexpr std::uint64_t kNoExitHandler = 0x00080000;  // OPENSSL_INIT_NO_ATEXIT
constexpr int kPem = 1;                               // SSL_FILETYPE_PEM

using PeekError = decltype(&ERR_peek_error);

std::string take_error(PeekError peek) {
  const char* const reason = ERR_reason_error_string(peek());
  ERR_clear_error();
  return reason != nullptr ? reason : std::string();
}

/// The first error is the cause: the last ones only say of what.
std::string problem_with(const std::string& field, const std::string& file) {
  const std::string why = take_error(ERR_peek_error);
  return "tls." + field + ": OpenSSL cannot use " + in_quotes(file) +
         (why.empty() ? "" : ": " + why);
}

}  // namespace

void keep_openssl_until_exit() noexcept {
  if (OPENSSL_init_crypto != nullptr) OPENSSL_init_crypto(kNoExitHandler, nullptr);
}

std::string problem_with_files(const TlsOptions& tls) {
  if (SSL_CTX_new == nullptr || SSL_CTX_use_PrivateKey_file == nullptr ||
      ERR_peek_error == nullptr) {
    return {};
  }
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  &SSL_CTX_free);
  if (!context) return "tls: OpenSSL cannot begin: " + take_error(ERR_peek_error);
  if (SSL_CTX_load_verify_locations(context.get(), tls.ca_file.c_str(), nullptr) != 1) {
    return problem_with("ca_file", tls.ca_file);
  }
  if (SSL_CTX_use_certificate_chain_file(context.get(), tls.certificate_file.c_str()) != 1) {
    return problem_with("certificate_file", tls.certificate_file);
  }
  // Also if it is empty: without one, OpenSSL asks at the terminal.
  std::string password = tls.key_password;
  SSL_CTX_set_default_passwd_cb_userdata(context.get(), password.data());
  if (SSL_CTX_use_PrivateKey_file(context.get(), tls.key_file.c_str(), kPem) != 1) {
    return problem_with("key_file", tls.key_file);
  }
  return {};
}

/// The last error says what failed. (Of another authority's signature, the first one is "EVP lib".)
std::string take_openssl_error() {
  if (ERR_peek_last_error == nullptr || ERR_reason_error_string == nullptr) return {};
  return take_error(ERR_peek_last_error);
}

}  // namespace zklock::internal
