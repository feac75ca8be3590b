#include "wire/libzookeeper_dialer.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "wire/close_on_exec.h"
#include "wire/handle_servers.h"
#include "wire/libzookeeper_wire.h"
#include "wire/outage_log.h"
#include "wire/unanswered_attempts.h"

namespace zklock::internal {

namespace {

/// How long a server may take to accept a connection. Less, down to the shortest, if there are so
/// many servers that a caller who waits for the first session would not reach the last one.
/// For the handshake it may take longer: see `patience_with`.
constexpr std::chrono::nanoseconds kPatience = std::chrono::seconds(1);
constexpr std::chrono::nanoseconds kShortestPatience = std::chrono::milliseconds(500);
constexpr int kLooksInPatience = 4;

/// How many silent servers are passed within the timeout of a session that is to be resumed.
constexpr int kHandshakes = 6;

class LibZooKeeperDialer final : public Dialer {
 public:
  LibZooKeeperDialer(std::string text, Address address, ClientOptions options,
                     Resolver::LookUp look_up)
      : text_(std::move(text)),
        address_(std::move(address)),
        options_(std::move(options)),
        log_(OutageLog::shared(options_.logger, text_)),
        look_up_(std::move(look_up)),
        resolver_(address_.servers, look_up_) {}

  [[nodiscard]] Outcome dial(std::shared_ptr<WireListener> listener,
                             const SessionIdentity* resume) override {
    const Resolved resolved = resolver_.resolve();
    const Failure problem{resolved.problem, resolved.try_again};
    if (resolved.servers.empty()) return {nullptr, problem};
    had_session_ = had_session_ || (servers_ && servers_->had_session());
    servers_ = std::make_shared<HandleServers>(resolved.servers);
    try {
      return {
          open_libzookeeper(servers_, address_.chroot, options_, log_, std::move(listener), resume),
          problem};
    } catch (const std::system_error& error) {
      return {nullptr, {error.what(), true, error.code()}};
    } catch (const std::exception& error) {
      return {nullptr, {error.what(), true}};
    }
  }

  void look_up_servers() override {
    const Resolved resolved = resolver_.resolve();
    if (!resolved.servers.empty()) servers_->offer(resolved.servers);
  }

  [[nodiscard]] bool servers_have_moved() override {
    // A server that does not answer keeps libzookeeper connecting for long, without a line or an
    // event: this is the next occasion.
    close_connections_on_exec(servers_->in_use());
    // Before the look-up: how long that takes says nothing about the handle.
    const SteadyTime now = Platform::current().steady_now();
    look_up_servers();
    return servers_->are_overdue(now);
  }

  [[nodiscard]] std::optional<std::chrono::nanoseconds> looks_at_attempts() const override {
    return kPatience / kLooksInPatience;
  }

  void end_unanswered_attempts(std::chrono::nanoseconds searching_for) override {
    const std::vector<std::string> servers = servers_->in_use();
    for (const std::string& server :
         attempts_.end(servers, patience_with(servers, searching_for))) {
      log_->on_detail(LogLevel::debug, server + " does not answer: looking for another server");
    }
  }

  [[nodiscard]] std::unique_ptr<Dialer> another() const override {
    return std::make_unique<LibZooKeeperDialer>(text_, address_, options_, look_up_);
  }

  [[nodiscard]] std::size_t chroot_length() const noexcept override {
    return address_.chroot.size();
  }

  [[nodiscard]] const std::string& address() const noexcept override { return text_; }

 private:
  [[nodiscard]] UnansweredAttempts::Patience patience_with(
      const std::vector<std::string>& servers, std::chrono::nanoseconds searching_for) const {
    const auto count = std::ssize(servers);
    const std::chrono::nanoseconds share = options_.connect_timeout / count;
    UnansweredAttempts::Patience patience{kPatience, options_.session_timeout / kHandshakes};
    // Somebody waits for the first session. Its handshake is a write, and slow servers need longer.
    if (!had_session_ && !servers_->had_session()) {
      patience = {std::clamp<std::chrono::nanoseconds>(share, kShortestPatience, kPatience), share};
    }
    // Behind a slow network nobody answers in a second: the longer the search, the longer each
    // attempt may take.
    patience.to_accept = std::max(patience.to_accept, searching_for / (2 * count));
    patience.to_shake_hands = std::max(patience.to_shake_hands, patience.to_accept);
    if (count == 1) patience.to_shake_hands = std::chrono::nanoseconds::max();  // nobody else
    return patience;
  }

  const std::string text_;
  const Address address_;
  const ClientOptions options_;
  const std::shared_ptr<OutageLog> log_;
  const Resolver::LookUp look_up_;
  // Of the thread that dials.
  Resolver resolver_;
  std::shared_ptr<HandleServers> servers_;  // of the last wire
  bool had_session_ = false;                // with an earlier wire
  UnansweredAttempts attempts_;
};

}  // namespace

std::unique_ptr<Dialer> libzookeeper_dialer(std::string text, Address address,
                                            ClientOptions options, Resolver::LookUp look_up) {
  return std::make_unique<LibZooKeeperDialer>(std::move(text), std::move(address),
                                              std::move(options), std::move(look_up));
}

}  // namespace zklock::internal
