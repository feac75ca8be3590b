// dialer.h: opens wires to the servers of one address.
#ifndef ZKLOCK_SRC_WIRE_DIALER_H_
#define ZKLOCK_SRC_WIRE_DIALER_H_

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "wire/wire.h"

namespace zklock::internal {

/// Opens wires. Each client has one dialer.
class Dialer {
 public:
  /// Why no wire could be opened, or not for all servers.
  struct Failure {
    std::string problem{};     // in words, with the address
    bool is_retryable = true;  // false: another attempt is pointless for now
    std::error_code error{};   // of the system, why no server was asked; none: not so
  };
  struct Outcome {
    std::shared_ptr<Wire> wire{};  // null: failure says why
    Failure failure{};             // with a wire: what was left out, for example unknown names
  };

  virtual ~Dialer() = default;

  /// Opens a wire, for a new session or to attach to the one of `resume`. Blocks (names are
  /// resolved). Called by one thread at a time.
  [[nodiscard]] virtual Outcome dial(std::shared_ptr<WireListener> listener,
                                     const SessionIdentity* resume) = 0;

  /// Called when a connection broke: looks the servers up, for when the last wire needs others.
  /// Blocks.
  virtual void look_up_servers() {}

  /// Whether the names of the address now resolve to other servers than those of the last wire, and
  /// it does not take those. Blocks.
  [[nodiscard]] virtual bool servers_have_moved() = 0;

  /// How often `end_unanswered_attempts` is called while a wire looks for a server. None (the
  /// default): never. May be called from any thread.
  [[nodiscard]] virtual std::optional<std::chrono::nanoseconds> looks_at_attempts() const {
    return std::nullopt;
  }
  /// Ends attempts to connect that take too long, so that the wire tries the next server.
  /// `searching_for`: for how long it has been looking.
  virtual void end_unanswered_attempts(std::chrono::nanoseconds /*searching_for*/) {}

  /// A dialer for another session with the same servers. Null (the default): there can be only one.
  [[nodiscard]] virtual std::unique_ptr<Dialer> another() const { return nullptr; }

  /// The number of bytes that the servers see in front of each path.
  [[nodiscard]] virtual std::size_t chroot_length() const noexcept { return 0; }

  /// The address, for messages.
  [[nodiscard]] virtual const std::string& address() const noexcept = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_DIALER_H_
