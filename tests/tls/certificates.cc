#include "tls/certificates.h"

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <utility>

#include "support/faked_clocks.h"
#include "support/subprocess.h"

namespace zklock::test {

namespace {

void run(std::vector<std::string> command, std::vector<std::string> variables = {}) {
  Subprocess process(std::move(command), std::move(variables));
  if (process.wait_for_exit() != 0) {
    throw std::runtime_error("openssl says:\n" + process.standard_error());
  }
}

void openssl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "openssl");
  run(std::move(arguments));
}

std::vector<std::string> with_new_key(std::vector<std::string> arguments, const std::string& key) {
  for (const char* argument : {"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"}) {
    arguments.emplace_back(argument);
  }
  arguments.insert(arguments.end(), {"-keyout", key});
  return arguments;
}

}  // namespace

CertificateAuthority::CertificateAuthority() {
  openssl(with_new_key({"req", "-x509", "-subj", "/CN=authority", "-days", "2", "-out", ca_file()},
                       file("ca.key")));
}

Certificate CertificateAuthority::sign(const std::string& name, Validity validity) {
  const std::string base = next_file();
  Certificate signed_one{base + ".pem", base + ".key"};
  openssl(with_new_key({"req", "-new", "-subj", "/" + name, "-out", base + ".csr"},
                       signed_one.key_file));
  std::vector<std::string> command{"openssl",      "x509",
                                   "-req",         "-in",
                                   base + ".csr",  "-CA",
                                   ca_file(),      "-CAkey",
                                   file("ca.key"), "-CAcreateserial",
                                   "-days",        "2",
                                   "-out",         signed_one.certificate_file};
  // openssl signs nothing that has expired.
  std::vector<std::string> variables;
  if (validity == Validity::expired) variables = FakedClocks::variables("FAKETIME=-9d");
  run(std::move(command), std::move(variables));
  return signed_one;
}

std::string CertificateAuthority::in_one_file(const Certificate& certificate) {
  std::string both = next_file() + ".pem";
  std::ofstream out(both);
  out << std::ifstream(certificate.certificate_file).rdbuf()
      << std::ifstream(certificate.key_file).rdbuf();
  out.close();
  if (!out) throw std::runtime_error("cannot write " + both);
  return both;
}

std::string CertificateAuthority::encrypted_key(const Certificate& certificate,
                                                const std::string& password) {
  std::string key = next_file() + ".key";
  openssl({"pkcs8", "-topk8", "-in", certificate.key_file, "-out", key, "-passout",
           "pass:" + password});
  return key;
}

std::string CertificateAuthority::file(const std::string& name) const {
  return (directory_.path() / name).string();
}

}  // namespace zklock::test
