#include "wire/libzookeeper_dialer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iterator>
#include <system_error>
#include <utility>
#include <vector>

#include "wire/close_on_exec.h"
#include "wire/libzookeeper_wire.h"
#include "wire/outage_log.h"
#include "wire/resolver.h"
#include "wire/unanswered_attempts.h"

namespace zklock::internal {

namespace {

/// How long a server may take to accept a connection. Less, down to the shortest, if there are so
/// many servers that a caller who waits for the first session would not reach the last one.
constexpr std::chrono::nanoseconds kPatience = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds kShortestPatience = std::chrono::milliseconds(200);
constexpr int kLooksInPatience = 4;

class LibZooKeeperDialer final : public Dialer {
 public:
  LibZooKeeperDialer(std::string text, Address address, ClientOptions options)
      : text_(std::move(text)),
        address_(std::move(address)),
        options_(std::move(options)),
        log_(OutageLog::shared(options_.logger, text_)),
        resolver_(address_.servers) {}

  [[nodiscard]] Outcome dial(std::shared_ptr<WireListener> listener,
                             const SessionIdentity* resume) override {
    const Resolved resolved = resolver_.resolve();
    const Failure problem{resolved.problem, resolved.try_again};
    if (resolved.servers.empty()) return {nullptr, problem};
    dialed_ = sorted(resolved.servers);
    try {
      return {open_libzookeeper(resolved.servers, address_.chroot, options_, log_,
                                std::move(listener), resume),
              problem};
    } catch (const std::system_error& error) {
      return {nullptr, {error.what(), true, error.code()}};
    } catch (const std::exception& error) {
      return {nullptr, {error.what(), true}};
    }
  }

  [[nodiscard]] bool servers_have_moved() override {
    // A server that does not answer keeps libzookeeper connecting for long, without a line or an
    // event: this is the next occasion.
    close_connections_on_exec(dialed_);
    const Resolved resolved = resolver_.resolve();
    return !resolved.servers.empty() && sorted(resolved.servers) != dialed_;
  }

  [[nodiscard]] std::optional<std::chrono::nanoseconds> looks_at_attempts() const override {
    return patience_ / kLooksInPatience;
  }

  void end_unanswered_attempts(std::chrono::nanoseconds searching_for) override {
    // Behind a slow network nobody answers in a second: the longer the search, the longer each
    // attempt may take.
    const auto share = searching_for / (2 * std::max<std::int64_t>(std::ssize(dialed_), 1));
    for (const std::string& server : attempts_.end(dialed_, std::max(patience_, share))) {
      log_->on_detail(LogLevel::debug, server + " does not answer: looking for another server");
    }
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
  const std::shared_ptr<OutageLog> log_;
  const std::chrono::nanoseconds patience_ = std::clamp<std::chrono::nanoseconds>(
      options_.connect_timeout / std::ssize(address_.servers), kShortestPatience, kPatience);
  // Of the thread that dials.
  Resolver resolver_;
  std::vector<std::string> dialed_;
  UnansweredAttempts attempts_;
};

}  // namespace

std::unique_ptr<Dialer> libzookeeper_dialer(std::string text, Address address,
                                            ClientOptions options) {
  return std::make_unique<LibZooKeeperDialer>(std::move(text), std::move(address),
                                              std::move(options));
}

}  // namespace zklock::internal
