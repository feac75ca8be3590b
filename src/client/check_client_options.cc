#include "client/check_client_options.h"

#include <unistd.h>
#include <zklock/error.h>

#include <cerrno>
#include <climits>
#include <string>
#include <string_view>
#include <system_error>

#include "base/utf8.h"
#include "wire/password_file.h"

namespace zklock::internal {

namespace {

[[noreturn]] void refuse(const std::string& field, const std::string& why) {
  throw LockError(Errc::invalid_config, field + ": " + why);
}

/// libzookeeper and ZooKeeper's protocol store milliseconds in an int.
void check_timeout(const std::string& field, std::chrono::milliseconds timeout) {
  if (timeout.count() >= 1 && timeout.count() <= INT_MAX) return;
  refuse(field, std::to_string(timeout.count()) + " ms is not between 1 and " +
                    std::to_string(INT_MAX) + " ms");
}

/// libzookeeper gets the parts as one text, separated by commas.
void check_part(const std::string& field, const std::string& part) {
  constexpr std::string_view kRefused(",\0", 2);
  if (part.find_first_of(kRefused) == std::string::npos) return;
  refuse(field, "it has a comma or a NUL in it, which libzookeeper cannot pass on");
}

void check_file(const std::string& field, const std::string& file) {
  if (file.empty()) return;
  check_part(field, file);
  if (access(file.c_str(), R_OK) != 0) {
    refuse(field, "cannot read " + in_quotes(file) + ": " + std::generic_category().message(errno));
  }
}

void check_given(const std::string& field, const std::string& part) {
  if (part.empty()) refuse(field, "it is empty");
}

void check_tls(const TlsOptions& tls) {
  check_given("tls.ca_file", tls.ca_file);
  // libzookeeper loads both, also for servers that ask for none.
  check_given("tls.certificate_file", tls.certificate_file);
  check_given("tls.key_file", tls.key_file);
  check_file("tls.ca_file", tls.ca_file);
  check_file("tls.certificate_file", tls.certificate_file);
  check_file("tls.key_file", tls.key_file);
  check_part("tls.key_password", tls.key_password);
}

void check_sasl(const SaslOptions& sasl) {
  check_given("sasl.user", sasl.user);
  if (sasl.user.find('\0') != std::string::npos) refuse("sasl.user", "it has a NUL in it");
  check_given("sasl.password_file", sasl.password_file);
  const std::string problem = Password().read(sasl.password_file);
  if (!problem.empty()) refuse("sasl.password_file", problem);
}

}  // namespace

void check_client_options(const ClientOptions& options) {
  check_timeout("session_timeout", options.session_timeout);
  check_timeout("connect_timeout", options.connect_timeout);
  for (std::size_t i = 0; i < options.auth.size(); ++i) {
    // Without the credentials: what() is written to logs.
    const std::string field = "auth[" + std::to_string(i) + "].";
    const std::string& scheme = options.auth[i].scheme;
    if (scheme.empty()) refuse(field + "scheme", "it is empty");
    if (scheme.find('\0') != std::string::npos) refuse(field + "scheme", "it has a NUL in it");
    if (options.auth[i].credentials.size() > static_cast<std::size_t>(INT_MAX)) {
      refuse(field + "credentials", "too long");
    }
  }
  if (options.tls && options.sasl) refuse("sasl", "libzookeeper cannot use it together with TLS");
  if (options.tls) check_tls(*options.tls);
  if (options.sasl) check_sasl(*options.sasl);
}

}  // namespace zklock::internal
