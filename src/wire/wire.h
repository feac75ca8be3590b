// wire.h: one handle to the ensemble, without any policy. libzookeeper implements it in production,
// the fake in tests; all code above it is the same in both.
#ifndef ZKLOCK_SRC_WIRE_WIRE_H_
#define ZKLOCK_SRC_WIRE_WIRE_H_

#include <zklock/acl.h>
#include <zklock/result.h>
#include <zklock/zookeeper_client.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace zklock::internal {

/// All that is needed to resume a session.
struct SessionIdentity {
  std::int64_t id = 0;
  std::array<char, 16> password{};
  std::chrono::milliseconds timeout{};  // as negotiated by the last handshake
};

/// Receives the events of a wire. All calls come one after the other on the wire's own thread, in
/// one order with the answers; they must not block.
class WireListener {
 public:
  virtual ~WireListener() = default;
  /// There is a session on this connection: a new one, or the one that was resumed.
  virtual void on_connected(const SessionIdentity& session) = 0;
  /// The connection broke; the wire looks for another one. The requests that were under way are
  /// answered with `connection_loss` or `operation_timeout` after this.
  virtual void on_disconnected() = 0;
  /// The session is gone; the wire can only be closed.
  virtual void on_expired() = 0;
  /// The servers refused an identity; the wire can only be closed.
  virtual void on_auth_failed() = 0;
  /// A watch on `path` has fired, and is over. A deletion ends both that there may be, that of the
  /// data and that of the list of children.
  virtual void on_watch(WatchEvent::Type type, const std::string& path) = 0;
};

/// Why a client is not logged in.
struct Refusal {
  std::string why{};      // in words. "": nobody refuses, or that was taken
  bool may_pass = false;  // nobody refuses it: the connection broke
};

/// The operations are asynchronous, and executed in the order in which they are called, also across
/// threads. Each is answered exactly once, on the wire's own thread, at the latest when the wire is
/// closed. Requests that `close` leaves unanswered, and requests after that, are answered with
/// `connection_loss` (the latter at once, on the calling thread): there may be another wire to ask.
///
/// Thread safety: all functions may be called from any thread, also from answers and the listener.
class Wire {
 public:
  template <class T>
  using Answer = std::function<void(Result<T>)>;

  enum class CreateMode { persistent, container, ephemeral_sequential };

  virtual ~Wire() = default;

  virtual void create(const std::string& path, const std::string& data, const Acl& acl,
                      CreateMode mode, Answer<Created> answer) = 0;
  /// With `watch`, and if it succeeds, on_watch is called once: for a change of the list, or for
  /// the deletion of `path`. A second watch of this kind on the same path has no effect.
  virtual void children(const std::string& path, bool watch, Answer<Children> answer) = 0;
  /// With `watch`, and if it succeeds, on_watch is called once: for a change of the data, or for
  /// the deletion. A second watch of this kind on the same path has no effect.
  virtual void get(const std::string& path, bool watch, Answer<Znode> answer) = 0;
  virtual void set(const std::string& path, const std::string& data, std::int32_t version,
                   Answer<Stat> answer) = 0;
  virtual void remove(const std::string& path, std::int32_t version, Answer<void> answer) = 0;
  /// A version check in a transaction of its own: goes through the quorum, and changes nothing.
  virtual void check(const std::string& path, std::int32_t version, Answer<void> answer) = 0;
  /// A transaction. The answer is a MultiResult if the servers decided it, also if they refused it.
  /// REQUIRES: at least one operation, and paths that ZooKeeper accepts.
  virtual void multi(const std::vector<MultiOperation>& operations, Answer<MultiResult> answer) = 0;

  /// No answer has come for so long: breaks the connection, so that the wire looks for another
  /// server. The session goes on. Does nothing without a connection, if there is no other server,
  /// or if a part of an answer came in the second half of that time. Must not wait for anybody.
  virtual void leave_server(std::chrono::nanoseconds /*silence*/) {}

  /// What became of the last attempts to connect, in words. "": nothing is known.
  [[nodiscard]] virtual std::string problem() const { return {}; }

  /// Why the servers refuse to log the client in, if no event says it, in words: once. The wire
  /// does not connect any more, and can only be closed. Called by one thread at a time.
  [[nodiscard]] virtual Refusal take_refusal() { return {}; }

  /// Ends the session: answers the requests under way, notifies the servers, frees all resources.
  /// Blocks for seconds, so only close_later calls it. Nothing is called after it has returned.
  /// Called once.
  virtual void close() noexcept = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_WIRE_H_
