#include <zklock/libzookeeper_client.h>

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "address.h"
#include "client.h"
#include "client_options.h"
#include "connect.h"
#include "libzookeeper_wire.h"
#include "resolver.h"

namespace zklock {

namespace internal {

namespace {

/// Resolves the names of an address and opens handles of libzookeeper for what they stand for.
class LibZooKeeperDialer final : public Dialer {
 public:
  LibZooKeeperDialer(std::string text, Address address, ClientOptions options)
      : text_(std::move(text)), address_(std::move(address)), options_(std::move(options)) {}

  [[nodiscard]] Outcome dial(std::shared_ptr<WireListener> listener,
                             const SessionIdentity* resume) override {
    const Resolved resolved = resolve(address_.servers);
    if (resolved.servers.empty()) return {nullptr, {resolved.problem, resolved.try_again}};
    if (!resolved.problem.empty()) Log(options_.logger).warning(resolved.problem);
    dialed_ = sorted(resolved.servers);
    try {
      return {open_libzookeeper(connection_string(resolved.servers, address_.chroot), options_,
                                std::move(listener), resume),
              {}};
    } catch (const std::exception& error) {
      return {nullptr, {error.what(), true}};
    }
  }

  [[nodiscard]] bool servers_have_moved() override {
    const Resolved resolved = resolve(address_.servers);
    return !resolved.servers.empty() && sorted(resolved.servers) != dialed_;
  }

  [[nodiscard]] std::unique_ptr<Dialer> another() const override {
    return std::make_unique<LibZooKeeperDialer>(text_, address_, options_);
  }

  [[nodiscard]] std::size_t chroot_length() const noexcept override {
    return address_.chroot.size();
  }

  [[nodiscard]] const std::string& address() const noexcept override { return text_; }

 private:
  static std::vector<std::string> sorted(std::vector<std::string> servers) {
    std::sort(servers.begin(), servers.end());
    return servers;
  }

  const std::string text_;
  const Address address_;
  const ClientOptions options_;
  std::vector<std::string> dialed_;  // of the thread that dials only
};

}  // namespace

Connected connect_and_find(std::string address, const ClientOptions& options, std::string path) {
  check_client_options(options);
  if (options.tls && !libzookeeper_has_tls()) {
    throw LockError(Errc::invalid_config, "tls: this libzookeeper_mt was built without it");
  }
  Address parsed = parse_address(address);
  if (path.empty() && (!options.auth.empty() || !parsed.chroot.empty())) path = "/";
  const auto client = std::make_shared<Client>(
      std::make_unique<LibZooKeeperDialer>(std::move(address), std::move(parsed), options), options,
      std::move(path));
  const bool exists = client->await_session(options.connect_timeout);
  return {client, exists};
}

}  // namespace internal

// By value, as the signature is part of the contract.
// NOLINTNEXTLINE(performance-unnecessary-value-param)
std::shared_ptr<ZooKeeperClient> connect(std::string address, ClientOptions options) {
  return internal::connect_and_find(std::move(address), options, "").client;
}

}  // namespace zklock
