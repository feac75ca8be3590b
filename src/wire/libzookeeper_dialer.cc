#include "wire/libzookeeper_dialer.h"

#include <algorithm>
#include <exception>
#include <utility>
#include <vector>

#include "base/log.h"
#include "wire/libzookeeper_wire.h"
#include "wire/resolver.h"

namespace zklock::internal {

namespace {

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
  std::vector<std::string> dialed_;  // used by the thread that dials only
};

}  // namespace

std::unique_ptr<Dialer> libzookeeper_dialer(std::string text, Address address,
                                            ClientOptions options) {
  return std::make_unique<LibZooKeeperDialer>(std::move(text), std::move(address),
                                              std::move(options));
}

}  // namespace zklock::internal
