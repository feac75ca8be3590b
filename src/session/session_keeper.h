// session_keeper.h: keeps a client in a session: connects, and replaces a session that has ended.
#ifndef ZKLOCK_SRC_SESSION_SESSION_KEEPER_H_
#define ZKLOCK_SRC_SESSION_SESSION_KEEPER_H_

#include <zklock/context.h>
#include <zklock/result.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "base/background.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "session/current_connection.h"
#include "session/redialer.h"
#include "session/session_connection.h"
#include "session/session_state.h"
#include "session/timed_wire.h"
#include "wire/dialer.h"
#include "wire/outage_log.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Receives the events of a client's session, in the order in which they happen: on the wire's
/// thread, or on the one that dials or ends the session. Must not block. No mutex of the keeper is
/// held.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  /// `is_new_wire`: it is not the wire of the last connection, and has none of its watches.
  virtual void on_connected(const SessionConnection& connection, bool is_new_wire) = 0;
  virtual void on_session_lost(const std::shared_ptr<SessionState>& session,
                               std::uint64_t connection) = 0;
  virtual void on_watch_fired(WatchEvent::Type type, const std::string& path,
                              std::uint64_t connection) = 0;
};

/// Runs until `shut_down`, or until an error that dialing again does not cure. CurrentConnection
/// has the state, Redialer the connecting; the keeper acts on the events of the wire.
///
/// Thread safety: all functions may be called from any thread.
class SessionKeeper final : public AnswerObserver,
                            public DialTarget,
                            public std::enable_shared_from_this<SessionKeeper> {
 public:
  /// `listener` outlives the keeper's activity: until shut_down's job has ended.
  SessionKeeper(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background, Log log);
  ~SessionKeeper() override;
  SessionKeeper(const SessionKeeper&) = delete;
  SessionKeeper& operator=(const SessionKeeper&) = delete;

  /// `is_awaited`: a caller is blocked on the first session, so a hopeless error ends the keeper
  /// instead of being retried.
  enum class FirstSession { is_awaited, may_take_time };

  /// Begins to dial. Called once.
  void start(std::weak_ptr<SessionListener> listener,
             FirstSession first = FirstSession::is_awaited);

  /// Waits until there is a connection. Errors: operation_timeout, canceled, closing, auth_failed,
  /// forked; before the first session also connection_loss for an address that cannot be dialed
  /// (`problem` says why).
  Result<SessionConnection> await_connection(const Context& context);
  /// The connection, if it is up now.
  [[nodiscard]] std::optional<SessionConnection> connection() const { return current_.get(); }
  /// The current session, connected or not; null before the first and after shut_down.
  [[nodiscard]] std::shared_ptr<SessionState> session() const { return current_.session(); }
  [[nodiscard]] ConnectionHistory history() const { return current_.history(); }
  /// Why there is no session, or no connection, in words; "" if there is one.
  [[nodiscard]] std::string problem() const;
  /// See CurrentConnection.
  [[nodiscard]] std::error_code dial_error() const { return current_.dial_error(); }
  /// Whether there will be no session any more: it has given up, or was shut down.
  [[nodiscard]] bool has_failed() const { return static_cast<bool>(current_.failure()); }
  [[nodiscard]] const Dialer& dialer() const noexcept { return redialer_.dialer(); }

  /// Gives this session up, if it is the current one, and begins another.
  void replace_session(const std::shared_ptr<SessionState>& session, LossReason reason);

  /// Ends the session; await_connection returns `closing` from now on. Returns at once: the wire is
  /// closed in the background, then `closed` is called. Without a connection the wire is closed as
  /// soon as it has one, so that the servers learn of the end, but not later than the session
  /// would expire. Only the first call counts: false otherwise.
  bool shut_down(std::function<void()> closed);

  /// Whether this process inherited the client by fork.
  [[nodiscard]] bool is_forked() const noexcept { return fork_count() != forks_; }

  // AnswerObserver.
  [[nodiscard]] std::uint64_t connection_now(std::uint64_t wire) const override {
    return current_.number_on(wire);
  }
  [[nodiscard]] std::uint64_t last_connection() const override { return current_.last_number(); }
  void on_answered(const Answered& operation) override;

  // DialTarget.
  [[nodiscard]] std::optional<Attempt> begin_dial() override;
  [[nodiscard]] Next end_dial(std::uint64_t wire, const Dialer::Outcome& outcome) override;
  [[nodiscard]] std::optional<std::chrono::nanoseconds> searching_for() const override {
    return current_.searching_for();
  }
  void replace_wire() override;
  void look_for_refusal() override;

 private:
  class NumberedListener;

  // Events of the wire with this number; those of an old wire are ignored.
  void on_connected(std::uint64_t wire, const SessionIdentity& identity);
  void on_disconnected(std::uint64_t wire);
  void on_expired(std::uint64_t wire);
  void on_auth_failed(std::uint64_t wire);
  void on_watch(std::uint64_t wire, WatchEvent::Type type, const std::string& path);

  void report_connection();
  void report_loss(const std::shared_ptr<SessionState>& session, std::uint64_t connection);
  void on_session_ended(const CurrentConnection::Ended& ended, LossReason reason);
  /// Closes the wire, which tells the servers, then calls what `shut_down` was given.
  void say_farewell();

  const std::shared_ptr<Background> background_;  // kept alive for the listener's tasks
  const Log log_;
  const std::shared_ptr<OutageLog> outages_;
  const int forks_ = fork_count();
  std::weak_ptr<SessionListener> listener_;  // constant after start
  bool gives_up_ = true;                     // constant after start

  const std::shared_ptr<void> closer_;   // for its wires
  std::unique_ptr<Executor> connector_;  // may block in name resolution; ended by close_later
  Redialer redialer_;
  CurrentConnection current_;
  std::atomic<bool> is_refusal_logged_{false};  // since the last connection

  Mutex farewell_mutex_;
  bool is_shut_down_ ZKLOCK_GUARDED_BY(farewell_mutex_) = false;
  std::function<void()> closed_ ZKLOCK_GUARDED_BY(farewell_mutex_);   // null once it was said
  Executor::Ticket farewell_ ZKLOCK_GUARDED_BY(farewell_mutex_) = 0;  // says it at the latest
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_SESSION_KEEPER_H_
