// current_connection.h: the wire, the session and the connection that a client has now.
#ifndef ZKLOCK_SRC_SESSION_CURRENT_CONNECTION_H_
#define ZKLOCK_SRC_SESSION_CURRENT_CONNECTION_H_

#include <zklock/context.h>
#include <zklock/result.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "base/mutex.h"
#include "base/platform.h"
#include "session/evidence.h"
#include "session/session_connection.h"
#include "session/session_state.h"
#include "wire/wire.h"

namespace zklock::internal {

/// How well the servers have answered so far.
struct ConnectionHistory {
  /// When the last answered request was sent, or the last wire was dialed. The servers cannot have
  /// begun a later handshake before that.
  BootTime last_answered{};
  BootTime heard_at{};          // when the last answer arrived
  BootTime disconnected_at{};   // when the last connection broke
  std::uint64_t fruitless = 0;  // connections since the last one on which anything was answered
};

/// The state behind SessionKeeper. It numbers wires and connections, and ignores every wire but the
/// current one. Each function is one atomic step; none calls out, except for stop callbacks of the
/// session's evidence.
///
/// States: no wire (being dialed) -> wire without a connection <-> connected -> no wire again. A
/// final failure ends all of it.
///
/// Thread safety: all functions may be called from any thread.
class CurrentConnection {
 public:
  // For those who use the connection.

  /// Waits until there is a connection. Errors: the final failure, or the end of the context.
  Result<SessionConnection> await(const Context& context);
  /// The connection, if it is up now.
  [[nodiscard]] std::optional<SessionConnection> get() const;
  /// The number of the last connection, up or not.
  [[nodiscard]] std::uint64_t last_number() const;
  /// The same, of this wire; none: an old wire.
  [[nodiscard]] std::optional<std::uint64_t> last_number_of(std::uint64_t wire) const;
  /// The number of the connection that this wire has now; 0 if none.
  [[nodiscard]] std::uint64_t number_on(std::uint64_t wire) const;
  /// The current session, connected or not; null before the first and after the last.
  [[nodiscard]] std::shared_ptr<SessionState> session() const;
  /// Why there will be no connection any more; no error if there may be one.
  [[nodiscard]] std::error_code failure() const;
  /// Why there is no connection, in words: "" if there is one; none if that takes a look at what is
  /// being done about it.
  [[nodiscard]] std::optional<std::string> problem() const;
  struct Search {
    std::uint64_t number = 0;      // of the wire
    bool is_dialing = false;       // a wire is being dialed
    std::shared_ptr<Wire> wire{};  // looks for a server
    std::string left_out{};        // which servers the wire does not look for, and why
  };
  [[nodiscard]] Search search() const;
  /// The error of the operating system, if it was its fault that the last dial failed.
  [[nodiscard]] std::error_code dial_error() const;
  [[nodiscard]] ConnectionHistory history() const;
  /// Records an answer. Returns the session that it is evidence for; null if it is none.
  [[nodiscard]] std::shared_ptr<SessionState> answered(const Answered& operation);

  // For dialing.

  struct Attempt {
    std::uint64_t wire = 0;
    std::optional<SessionIdentity> resume{};  // none: a new session
  };
  /// Begins to dial a wire. None: there is one, or none is wanted.
  [[nodiscard]] std::optional<Attempt> begin_dial();
  enum class Adoption { refused, connected, searching };
  /// The wire was dialed. `refused`: it is not wanted any more, and the caller closes it.
  /// `left_out`: see Search.
  [[nodiscard]] Adoption adopt(std::uint64_t number, std::shared_ptr<Wire> wire,
                               std::string left_out = {});
  /// Dialing failed. `is_final`: give up if there was no connection yet. Returns whether to dial
  /// again.
  [[nodiscard]] bool fail_to_dial(std::uint64_t number, const std::string& problem, bool is_final,
                                  std::error_code error = {});
  /// For how long the wire has been looking for a server; none: it does not.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> searching_for() const;
  struct Detached {
    std::shared_ptr<Wire> wire;
    std::shared_ptr<SessionState> session;
  };
  /// Lets go of a wire without a connection, but keeps the session. None: connected, or failed; or
  /// it is not the one with this number.
  [[nodiscard]] std::optional<Detached> detach_wire(std::optional<std::uint64_t> number = {});

  // What a wire reports.

  struct Connected {
    bool is_current = false;                   // false: an old wire; ignore it
    bool has_failed = false;                   // the wire is kept for the farewell only
    std::shared_ptr<SessionState> replaced{};  // the wire was to resume this session, in vain
  };
  Connected on_connected(std::uint64_t wire, const SessionIdentity& identity);
  /// Returns false for an old wire, and if there was no connection.
  [[nodiscard]] bool on_disconnected(std::uint64_t wire);
  struct News {
    SessionConnection connection;
    bool is_new_wire = false;
  };
  /// The connection, if it is up and was not returned before.
  [[nodiscard]] std::optional<News> take_news();

  // Ends.

  struct Ended {
    std::shared_ptr<Wire> wire;
    std::shared_ptr<SessionState> session;
    std::uint64_t connection = 0;
    std::error_code failure{};  // none: dial again
  };
  /// Ends the session of this wire. None: an old wire.
  [[nodiscard]] std::optional<Ended> end(std::uint64_t wire);
  /// The same, of this session. None: it is not the current one.
  [[nodiscard]] std::optional<Ended> end(const std::shared_ptr<SessionState>& session);
  /// Fails for good, unless it has failed before or this is an old wire. Returns whether it did.
  [[nodiscard]] bool fail(std::uint64_t wire, std::error_code failure, std::string problem);
  /// The servers refuse the client. `is_final`: give up if there was no connection yet. Returns
  /// whether it did; the caller then ends this wire.
  [[nodiscard]] bool refuse(std::uint64_t wire, const std::string& why, bool is_final);
  struct Closing {
    std::shared_ptr<SessionState> session;
    std::uint64_t connection = 0;
    bool can_tell_servers = true;  // false: there is a session, but no connection now
  };
  /// Fails with `closing`. The wire stays for the farewell.
  Closing begin_close();
  /// Lets go of everything.
  std::shared_ptr<Wire> end_close();

 private:
  [[nodiscard]] bool is_up() const noexcept ZKLOCK_REQUIRES(monitor_.mutex) {
    return is_connected_ && wire_ != nullptr;  // a wire may be connected before it is adopted
  }
  [[nodiscard]] SessionConnection now() const ZKLOCK_REQUIRES(monitor_.mutex) {
    return {wire_, session_, number_};
  }
  Ended end_now() ZKLOCK_REQUIRES(monitor_.mutex);

  struct Times {
    BootTime dialed{};
    BootTime disconnected{};
    BootTime answered{};  // see ConnectionHistory::last_answered
    BootTime heard{};     // see ConnectionHistory::heard_at
  };
  struct Reported {
    std::uint64_t wire = 0;
    std::uint64_t connection = 0;
  };

  mutable Monitor monitor_;
  std::uint64_t wire_number_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // of the current wire
  std::shared_ptr<Wire> wire_ ZKLOCK_GUARDED_BY(monitor_.mutex);     // null while it is dialed
  std::shared_ptr<SessionState> session_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  SessionIdentity identity_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // of session_
  bool is_connected_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  std::uint64_t number_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;           // of the last connection
  std::uint64_t answered_number_ ZKLOCK_GUARDED_BY(monitor_.mutex) = 0;  // the last with an answer
  Times times_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  Reported reported_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // by take_news
  std::error_code failure_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  // Of the last dial that failed, or wire that was refused.
  std::string problem_ ZKLOCK_GUARDED_BY(monitor_.mutex);
  std::error_code dial_error_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // of the last dial
  bool is_dialing_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  std::string left_out_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // by wire_
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_CURRENT_CONNECTION_H_
