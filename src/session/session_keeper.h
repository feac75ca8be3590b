// session_keeper.h: keeps a client in a session: dials, hears of the connection, replaces what
// expired.
#ifndef ZKLOCK_SRC_SESSION_SESSION_KEEPER_H_
#define ZKLOCK_SRC_SESSION_SESSION_KEEPER_H_

#include <zklock/client_options.h>
#include <zklock/context.h>
#include <zklock/result.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/background.h"
#include "base/executor.h"
#include "base/log.h"
#include "base/platform.h"
#include "session/session_state.h"
#include "session/timed_wire.h"
#include "wire/dialer.h"
#include "wire/wire.h"

namespace zklock::internal {

/// A session on a connection.
struct Link {
  std::shared_ptr<Wire> wire;
  std::shared_ptr<SessionState> session;
  std::uint64_t connection = 0;  // counts the connections of the client, from 1
};

/// What the parts of a client have to hear of its session. In the order in which it happened, on
/// the wire's thread, or the one that dials or ends the session; must not block. The keeper's mutex
/// is not held.
class LinkListener {
 public:
  virtual ~LinkListener() = default;
  /// `is_new_wire`: the wire is another one than before, and has none of its watches.
  virtual void on_link_up(const Link& link, bool is_new_wire) = 0;
  virtual void on_session_lost(const std::shared_ptr<SessionState>& session,
                               std::uint64_t connection) = 0;
  virtual void on_watch_fired(WatchEvent::Type type, const std::string& path,
                              std::uint64_t connection) = 0;
};

/// States: dialing -> (down <-> up) -> dialing again when the session has expired, until
/// `shut_down`, or until an error that dialing again does not cure. Thread safety: all of it may be
/// called from any thread.
class SessionKeeper : public AnswerObserver, public std::enable_shared_from_this<SessionKeeper> {
 public:
  /// `listener` outlives the keeper's activity: until shut_down's job has ended.
  SessionKeeper(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background, Log log);
  ~SessionKeeper() override;
  SessionKeeper(const SessionKeeper&) = delete;
  SessionKeeper& operator=(const SessionKeeper&) = delete;

  /// Whether somebody waits for the first session, who is better told at once of what trying again
  /// will hardly cure: then the keeper gives up.
  enum class FirstSession { is_awaited, may_take_time };

  /// Begins to dial. Called once. What is said to `listener` ends with it.
  void start(std::weak_ptr<LinkListener> listener, FirstSession first = FirstSession::is_awaited);

  /// Waits until the session is up: operation_timeout, canceled, closing, auth_failed, forked;
  /// before the first session also what can not be dialed (`problem` says why).
  Result<Link> await_link(const Context& context);
  /// The link, if it is up now.
  [[nodiscard]] std::optional<Link> link() const;
  /// The number of the last connection; on the wire's thread: of the one that events and answers
  /// come from.
  [[nodiscard]] std::uint64_t connection() const;
  /// The current session, up or not; null before the first and after shut_down.
  [[nodiscard]] std::shared_ptr<SessionState> session() const;
  /// Why there is no session, or no connection, in words; "" if there is one.
  [[nodiscard]] std::string problem() const;
  [[nodiscard]] const Dialer& dialer() const noexcept { return *dialer_; }

  /// When the last request was sent that was answered, or the last wire was dialed: the servers can
  /// not have begun a later handshake before.
  [[nodiscard]] BootTime last_answered() const;
  /// How many connections were made since the last one on which anything was answered.
  [[nodiscard]] std::uint64_t fruitless_connections() const;
  /// Whether it has given up, or was shut down: there will be no session any more.
  [[nodiscard]] bool has_failed() const;
  /// When the last connection broke.
  [[nodiscard]] BootTime disconnected_at() const;

  [[nodiscard]] std::uint64_t connection_now(std::uint64_t wire) const override;
  void on_answered(const Answered& operation) override;

  /// Gives this session up, if it is the current one, and begins another.
  void replace_session(const std::shared_ptr<SessionState>& session, LossReason reason);

  /// Ends the session; await_link answers `closing` from now on. Returns at once; the wire is
  /// closed in the background, then `closed` is called. Without a connection it is closed when
  /// there is one, so that the servers are told, or when the session must be over anyway. Only the
  /// first call counts: false otherwise.
  bool shut_down(std::function<void()> closed);

  /// Whether this process inherited the client by fork.
  [[nodiscard]] bool is_forked() const noexcept { return fork_count() != forks_; }

 private:
  class NumberedListener;

  /// `call`, on the connector's thread at `time`, if there still is a keeper then.
  void connect_at(SteadyTime time, void (SessionKeeper::*call)());
  void dial();
  void adopt(const Dialer::Outcome& outcome, std::uint64_t number);
  /// Dials anew, for the same session, if the servers are to be found elsewhere by now.
  void look_for_servers();
  void look_for_servers_later() ZKLOCK_REQUIRES(monitor_.mutex);
  void end_session(std::uint64_t number, LossReason reason);
  void say_farewell();

  // From the wire with this number; others are not listened to any more.
  void on_connected(std::uint64_t number, const SessionIdentity& identity);
  void tell_link_up();
  void on_disconnected(std::uint64_t number);
  void on_auth_failed(std::uint64_t number);
  void on_watch(std::uint64_t number, WatchEvent::Type type, const std::string& path);

  /// A wire may be connected before `dial` has returned it.
  [[nodiscard]] bool is_up() const noexcept ZKLOCK_REQUIRES(monitor_.mutex) {
    return connected_ && wire_ != nullptr;
  }

  const std::unique_ptr<Dialer> dialer_;
  const std::shared_ptr<Background> background_;
  const Log log_;
  const int forks_ = fork_count();
  std::weak_ptr<LinkListener> listener_;  // constant after start
  bool gives_up_ = true;                  // constant after start

  mutable Monitor monitor_;
  std::uint64_t wire_number_ ZKLOCK_GUARDED_BY(monitor_.mutex) =
      0;                                                          // of the wire that is listened to
  std::shared_ptr<Wire> wire_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // null while dialing
  std::shared_ptr<SessionState> session_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  SessionIdentity identity_ ZKLOCK_GUARDED_BY(monitor_.mutex);      // of session_
  std::uint64_t connection_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // of the last connection
  std::uint64_t answered_connection_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // of last_answered_
  bool connected_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;                 // says the wire
  BootTime last_answered_ ZKLOCK_GUARDED_BY(monitor_.mutex){};
  BootTime disconnected_at_ ZKLOCK_GUARDED_BY(monitor_.mutex){};
  BootTime dialed_at_ ZKLOCK_GUARDED_BY(monitor_.mutex){};
  std::uint64_t told_wire_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // the listener knows this one
  std::uint64_t told_connection_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // likewise
  std::error_code failure_ ZKLOCK_GUARDED_BY(monitor_.mutex);            // for good
  std::string problem_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::function<void()> closed_ ZKLOCK_GUARDED_BY(monitor_.mutex);   // called after the farewell
  Executor::Ticket farewell_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // says it at the latest
  bool looking_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;           // look_for_servers will run
  int failures_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;               // since the last connection

  std::unique_ptr<Executor> connector_;  // may block in name resolution; ended by close_later
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_SESSION_KEEPER_H_
