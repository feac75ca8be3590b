// One connection for many locks, with an identity, an ACL and a log. sharing-a-client.md quotes it.
//
//   sharing_a_client [address]
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

// [readme: tls]
zklock::ClientOptions tls_options() {
  return {.tls = zklock::TlsOptions{.ca_file = "/etc/zklock/ca.pem",
                                    .certificate_file = "/etc/zklock/service.pem",
                                    .key_file = "/etc/zklock/service.key"}};
}
// [readme-end]

// [readme: sasl]
zklock::ClientOptions sasl_options() {
  return {.sasl = zklock::SaslOptions{.user = "orders",
                                      .password_file = "/etc/zklock/orders.password"}};
}
// [readme-end]

void share(const char* address) {
  // [readme: client]
  const std::shared_ptr<zklock::ZooKeeperClient> client =
      zklock::connect(address, {.session_timeout = 6s, .logger = zklock::stderr_logger()});
  zklock::ZooKeeperLock orders({.path = "/examples/orders"}, client);
  zklock::ZooKeeperLock invoices({.path = "/examples/invoices"}, client);
  // [readme-end]
  const zklock::LockGuard first(orders, Context().with_timeout(10s));
  const zklock::LockGuard second(invoices, Context().with_timeout(10s));
  std::cout << "holding two locks over one connection\n";
}

void protect(const char* address) {
  // [readme: acl]
  const auto client = zklock::connect(address, {.auth = {{"digest", "orders:secret"}}});
  zklock::ZooKeeperLock lock({.path = "/examples/protected", .acl = zklock::Acl::creator_all()},
                             client);
  // [readme-end]
  const zklock::LockGuard guard(lock, Context().with_timeout(10s));
  std::cout << "holding a lock that only this identity can use\n";
}

void connect_with_tls(const char* address) try {
  const auto client = zklock::connect(address, tls_options());
} catch (const zklock::LockError& error) {
  std::cout << "no TLS here: " << error.what() << '\n';
}

void connect_with_sasl(const char* address) try {
  const auto client = zklock::connect(address, sasl_options());
} catch (const zklock::LockError& error) {
  std::cout << "no SASL here: " << error.what() << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  share(address);
  protect(address);
  connect_with_tls(address);
  connect_with_sasl(address);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
