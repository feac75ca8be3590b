// What `zklock run` and its supervisor say to each other, over a socket of whole messages.
#ifndef ZKLOCK_SRC_CLI_SUPERVISION_H_
#define ZKLOCK_SRC_CLI_SUPERVISION_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace zklock::cli {

/// A point of CLOCK_BOOTTIME, which goes on while the machine is suspended.
using BootTime = std::chrono::nanoseconds;

[[nodiscard]] BootTime boot_now() noexcept;

/// Until when a command may run, and what is done before that.
struct RunLimits {
  BootTime lease_end{};
  std::chrono::nanoseconds term_before{};  // SIGTERM comes so long before the end
  std::chrono::nanoseconds kill_before{};  // SIGKILL
  std::chrono::nanoseconds ask_before{};  // the supervisor asks for a later end so long before TERM

  [[nodiscard]] BootTime kill_due() const noexcept { return lease_end - kill_before; }
  /// Not after SIGKILL, even if `term_before` is shorter than `kill_before`.
  [[nodiscard]] BootTime term_due() const noexcept {
    return std::min(lease_end - term_before, kill_due());
  }
  [[nodiscard]] BootTime ask_due() const noexcept { return term_due() - ask_before; }
};

/// What zklock wants.
struct Order {
  enum class Kind : std::uint8_t {
    start,   // the command, with `limits` and `fencing_token`; a text with the znode follows
    signal,  // send `signal` to the command
    extend,  // `limits` are new
    kill,    // the lease has ended
  };
  Kind kind{};
  int signal = 0;
  RunLimits limits{};
  std::int64_t fencing_token = 0;
};

/// What the supervisor has to say.
struct Report {
  enum class Kind : std::uint8_t {
    started,      // `process`
    not_started,  // `number` is the errno of exec
    stopped,      // by the signal `number`
    ask,          // the limits are near: are there newer ones?
    left_behind,  // the command has ended, but what it has started runs
    ended,        // all of it has ended; `number` is the status of the command, as of waitpid
  };
  Kind kind{};
  int number = 0;
  std::int32_t process = 0;  // of the command, and of its group
  bool by_limits = false;    // of `ended`: the supervisor has ended it; of `not_started`: too late
};

/// Sends a message. Does not wait: the other one reads at once, unless it is stopped, and then
/// there is room for some hundred messages. Whether it is gone shows when one receives.
void send(int socket, const Order& order) noexcept;
void send(int socket, const Report& report) noexcept;
void send(int socket, const std::string& text) noexcept;

/// Waits for a message. None: the other one is gone.
[[nodiscard]] std::optional<Order> receive_order(int socket) noexcept;
[[nodiscard]] std::optional<Report> receive_report(int socket) noexcept;
[[nodiscard]] std::optional<std::string> receive_text(int socket);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_SUPERVISION_H_
