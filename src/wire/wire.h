// wire.h: one handle to the ensemble, without any policy: what libzookeeper gives, and what the
// fake replaces. Everything above it (client.h and below) is the same code in production and in
// tests.
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

/// What it takes to attach to a session again.
struct SessionIdentity {
  std::int64_t id = 0;
  std::array<char, 16> password{};
  std::chrono::milliseconds timeout{};  // as negotiated by the last handshake
};

/// Hears of a wire's life. All calls come one after the other on the wire's own thread, in one
/// order with the answers; they must not block.
class WireListener {
 public:
  virtual ~WireListener() = default;
  /// The session stands on this connection: a new one, or the one that was resumed.
  virtual void on_connected(const SessionIdentity& session) = 0;
  /// The connection broke; the wire is looking for another one. The requests that were under way
  /// are answered with `connection_loss` or `operation_timeout` after this.
  virtual void on_disconnected() = 0;
  /// The session is gone; the wire is good for nothing but closing.
  virtual void on_expired() = 0;
  /// The servers refused an identity; the wire is good for nothing but closing.
  virtual void on_auth_failed() = 0;
  /// The watch on `path` has fired, and is over.
  virtual void on_watch(WatchEvent::Type type, const std::string& path) = 0;
};

/// The operations: asynchronous, in the order in which they are called, also across threads. Each
/// is answered exactly once, on the wire's own thread, at the latest when the wire is closed. What
/// `close` leaves unanswered, and what is asked of it after that, is answered with
/// `connection_loss` (the latter at once, on the calling thread): there may be another wire to ask.
/// Thread safety: all of it may be called from any thread, also from answers and from the listener.
class Wire {
 public:
  template <class T>
  using Answer = std::function<void(Result<T>)>;

  enum class CreateMode { persistent, ephemeral_sequential };

  virtual ~Wire() = default;

  virtual void create(const std::string& path, const std::string& data, const Acl& acl,
                      CreateMode mode, Answer<Created> answer) = 0;
  virtual void children(const std::string& path, Answer<Children> answer) = 0;
  /// With `watch`, and if it succeeds, on_watch follows once. Watching what is watched changes
  /// nothing.
  virtual void get(const std::string& path, bool watch, Answer<Znode> answer) = 0;
  virtual void set(const std::string& path, const std::string& data, std::int32_t version,
                   Answer<Stat> answer) = 0;
  virtual void remove(const std::string& path, std::int32_t version, Answer<void> answer) = 0;
  /// A version check in a transaction of its own: goes through the quorum, and changes nothing.
  virtual void check(const std::string& path, std::int32_t version, Answer<void> answer) = 0;

  /// Ends the session: answers what is under way, tells the servers, gives back all resources.
  /// Blocks for seconds: only for close_later. Nothing is called any more once it has returned.
  /// Called once.
  virtual void close() noexcept = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_WIRE_H_
