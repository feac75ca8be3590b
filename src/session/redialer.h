// redialer.h: dials wires, again after failures, and anew when the servers have moved.
#ifndef ZKLOCK_SRC_SESSION_REDIALER_H_
#define ZKLOCK_SRC_SESSION_REDIALER_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/executor.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "wire/dialer.h"
#include "wire/wire.h"

namespace zklock::internal {

/// The owner of the wires that a Redialer dials. All calls come from the thread that dials.
class DialTarget {
 public:
  struct Attempt {
    std::uint64_t wire = 0;  // its number
    std::shared_ptr<WireListener> listener{};
    std::optional<SessionIdentity> resume{};  // none: a new session
  };
  enum class Next { done, search, dial_again };

  virtual ~DialTarget() = default;
  /// None: no wire is wanted now.
  [[nodiscard]] virtual std::optional<Attempt> begin_dial() = 0;
  /// Takes the wire, or the failure. `search`: the wire looks for a server.
  [[nodiscard]] virtual Next end_dial(std::uint64_t wire, const Dialer::Outcome& outcome) = 0;
  /// For how long the wire has been looking for a server; none: it does not.
  [[nodiscard]] virtual std::optional<std::chrono::nanoseconds> searching_for() const = 0;
  /// The servers have moved: closes the wire if it still has no connection, then asks the redialer
  /// for another one.
  virtual void replace_wire() = 0;
  /// The wire still looks for a server: asks it whether the servers refuse the client.
  virtual void look_for_refusal() = 0;
};

/// Names are resolved on the thread that dials, so it may block for long.
///
/// Thread safety: all functions may be called from any thread.
class Redialer {
 public:
  /// REQUIRES: `connector` outlives it.
  Redialer(std::unique_ptr<Dialer> dialer, Executor& connector)
      : dialer_(std::move(dialer)), connector_(connector) {}

  /// Dials. Called once, before the other functions. REQUIRES: the target owns this redialer.
  void start(std::weak_ptr<DialTarget> target);
  void dial_soon() { run_at(SteadyTime::min(), &Redialer::dial); }
  /// After a pause, as after a dial that failed.
  void dial_later() { run_at(Platform::current().steady_now() + next_pause(), &Redialer::dial); }
  /// The connection broke. The names of the servers are resolved again, also if the wire finds a
  /// server at once: then it knows where to go the next time. If they just were, that is done after
  /// a pause.
  void on_disconnected();
  /// A wire looks for a server. If it has none after a while, the names of the servers are resolved
  /// again, until it is connected or they have moved. Servers that do not answer are passed.
  void look_for_servers_later();
  /// There is a connection: the next pause is a short one.
  void on_connected();

  [[nodiscard]] const Dialer& dialer() const noexcept { return *dialer_; }

 private:
  /// Runs `step` on the connector's thread, if the target still exists then.
  void run_at(SteadyTime time, void (Redialer::*step)(DialTarget&));
  void dial(DialTarget& target);
  void look_up_servers(DialTarget& target);
  void look_up_servers_soon();
  [[nodiscard]] SteadyTime next_look_up();
  void on_looked_up();
  void look_for_servers(DialTarget& target);
  void look_for_servers_in(std::chrono::nanoseconds pause);
  void pass_silent_servers(DialTarget& target);
  void pass_silent_servers_later();
  [[nodiscard]] std::chrono::milliseconds next_pause();

  const std::unique_ptr<Dialer> dialer_;
  Executor& connector_;
  std::weak_ptr<DialTarget> target_;  // constant after start

  std::atomic<bool> is_looking_up_{false};  // look_up_servers is scheduled
  std::atomic<bool> is_looking_{false};     // look_for_servers is scheduled or runs
  std::atomic<bool> is_passing_{false};     // the same of pass_silent_servers
  Mutex mutex_;
  int failures_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // since the last connection
  SteadyTime next_look_up_ ZKLOCK_GUARDED_BY(mutex_) = SteadyTime::min();  // not before
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_REDIALER_H_
