#include "client/connect.h"

#include <zklock/error.h>

#include <utility>

#include "base/background.h"
#include "base/with_lock_errors.h"
#include "client/check_client_options.h"
#include "client/client.h"
#include "wire/address.h"
#include "wire/cyrus_sasl.h"
#include "wire/libzookeeper_dialer.h"
#include "wire/libzookeeper_wire.h"

namespace zklock::internal {

namespace {

[[noreturn]] void refuse(const char* why) { throw LockError(Errc::invalid_config, why); }

}  // namespace

Connected connect_and_find(std::string address, const ClientOptions& options, std::string path) {
  check_client_options(options);
  if (options.tls && !libzookeeper_has_tls()) {
    refuse(
        "tls: this libzookeeper_mt was built without OpenSSL, as Debian's is; examples/tls.md says "
        "how to build one that has it");
  }
  if (options.sasl && !libzookeeper_has_sasl()) {
    refuse(
        "sasl: this libzookeeper_mt was built without Cyrus SASL, as Debian's is; examples/sasl.md "
        "says how to build one that has it");
  }
  if (options.sasl && !cyrus_sasl_is_ready()) {
    refuse(
        "sasl: Cyrus SASL has no DIGEST-MD5 here: install it (on Debian: libsasl2-modules), and "
        "start the program again");
  }
  Address parsed = parse_address(address);
  if (path.empty() && (!options.auth.empty() || !parsed.chroot.empty())) path = "/";
  const auto client = with_lock_errors([&] {
    return std::make_shared<Client>(
        libzookeeper_dialer(std::move(address), std::move(parsed), options), options,
        std::move(path));
  });
  Background::shared()->ends_at_exit.add(client);
  const bool exists = client->await_session(options.connect_timeout);
  return {client, exists};
}

}  // namespace zklock::internal
