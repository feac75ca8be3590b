// certificates.h: a certificate authority for a test, and what it signs.
#ifndef ZKLOCK_TESTS_TLS_CERTIFICATES_H_
#define ZKLOCK_TESTS_TLS_CERTIFICATES_H_

#include <zklock/client_options.h>

#include <string>
#include <vector>

#include "support/temporary_directory.h"

namespace zklock::test {

/// PEM files.
struct Certificate {
  std::string certificate_file;
  std::string key_file;
};

/// Runs the command openssl. All calls throw std::runtime_error if that fails. Thread safety: none.
class CertificateAuthority {
 public:
  enum class Validity { now, expired };

  CertificateAuthority();

  [[nodiscard]] std::string ca_file() const { return file("ca.pem"); }
  /// Signs a certificate for this name ("CN=..."). Each has files of its own.
  Certificate sign(const std::string& name, Validity validity = Validity::now);
  /// A file with both, as ZooKeeper wants them.
  std::string in_one_file(const Certificate& certificate);
  /// Another file with its key, encrypted.
  std::string encrypted_key(const Certificate& certificate, const std::string& password);

  /// With a client's certificate of this authority.
  [[nodiscard]] TlsOptions client(const Certificate& certificate) const {
    return {.ca_file = ca_file(),
            .certificate_file = certificate.certificate_file,
            .key_file = certificate.key_file};
  }

 private:
  [[nodiscard]] std::string file(const std::string& name) const;
  [[nodiscard]] std::string next_file() { return file(std::to_string(++files_)); }

  const TemporaryDirectory directory_;
  int files_ = 0;
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_TLS_CERTIFICATES_H_
