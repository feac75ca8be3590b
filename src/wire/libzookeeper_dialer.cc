#include "wire/libzookeeper_dialer.h"

#include <chrono>
#include <cstdint>
#include <exception>
#include <iterator>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include "wire/attempt_patience.h"
#include "wire/close_on_exec.h"
#include "wire/handle_servers.h"
#include "wire/handshake_limit.h"
#include "wire/libzookeeper_wire.h"
#include "wire/openssl.h"
#include "wire/outage_log.h"
#include "wire/unanswered_attempts.h"

namespace zklock::internal {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds kPauseBetweenLooks = 250ms;

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
    if (options_.tls) {
      keep_openssl_until_exit();
      std::string unusable = problem_with_files(*options_.tls);
      if (!unusable.empty()) {
        return {nullptr,
                {std::move(unusable), false, std::make_error_code(std::errc::invalid_argument)}};
      }
    }
    const Resolved resolved = resolver_.resolve();
    const Failure problem{resolved.problem, resolved.try_again};
    if (resolved.servers.empty()) return {nullptr, problem};
    had_session_ = had_session_ || (servers_ && servers_->session_timeout() > 0s);
    const std::chrono::nanoseconds session = resume != nullptr ? resume->timeout : 0ms;
    servers_ = std::make_shared<HandleServers>(resolved.servers, session);
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
    return kPauseBetweenLooks;
  }

  void end_unanswered_attempts(std::chrono::nanoseconds searching_for) override {
    const std::vector<std::string> servers = servers_->in_use();
    const std::chrono::nanoseconds session = servers_->session_timeout();
    const bool is_awaited = !had_session_ && session == 0s;
    const UnansweredAttempts::Patience patience =
        patience_with({.servers = std::ssize(servers),
                       .lasts = searching_for,
                       .session = session,
                       .connect_timeout = is_awaited ? options_.connect_timeout : 0ms});
    std::vector<std::string> ended = attempts_.end(servers, patience);
    if (options_.tls) {
      const std::chrono::nanoseconds timeout = session > 0s ? session : options_.session_timeout;
      for (std::string& server : end_silent_connections(servers, timeout)) {
        ended.push_back(std::move(server));
      }
    }
    for (const std::string& server : ended) {
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
