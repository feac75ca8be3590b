// fake_line.h: how a client reaches a fake ensemble.
#ifndef ZKLOCK_SRC_TESTING_FAKE_LINE_H_
#define ZKLOCK_SRC_TESTING_FAKE_LINE_H_

#include <zklock/client_options.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "testing/fake_request.h"
#include "testing/fake_watches.h"
#include "testing/virtual_platform.h"
#include "wire/wire.h"

namespace zklock::internal {

/// The client's end of a connection. Called on the loop, on the client's platform.
class FakePeer {
 public:
  virtual ~FakePeer() = default;
  virtual void on_accepted(const SessionIdentity& session) = 0;
  virtual void on_refused_session() = 0;   // it is gone
  virtual void on_refused_identity() = 0;  // nobody knows its scheme
  virtual void on_answer(const FakeRequest::Delivery& answer, std::int64_t zxid) = 0;
  virtual void on_event(const FakeChange& change) = 0;
  virtual void on_pong(std::int64_t zxid) = 0;
  virtual void on_closed() = 0;  // by the server, or the network
};

/// How a client reaches the ensemble. Of the loop.
struct FakeLine {
  explicit FakeLine(VirtualPlatform& of) : platform(of) {}

  VirtualPlatform& platform;                         // where the client runs
  bool is_cut = false;                               // no connection can be made
  bool is_stalled = false;                           // nothing comes through, for now
  std::chrono::nanoseconds most_delay{0};            // of a message, beside the latency of all
  std::vector<int> addresses{};                      // of the servers, as last looked up
  int first_server = -1;                             // that the client tries; -1: any
  int only_server = -1;                              // that the client knows; -1: all
  bool servers_move = false;                         // the client is to find other addresses
  std::int64_t session = 0;                          // of the client, the last one it had
  std::set<std::int64_t> gone{};                     // sessions that the client knows to be gone
  std::vector<std::function<void()>> held{};         // messages of both directions
  std::vector<std::function<void()>> held_timers{};  // of the client's, while it is frozen

  /// True if new messages have to wait, behind those that are held.
  [[nodiscard]] bool holds() const { return is_stalled || platform.is_frozen() || !held.empty(); }
};

/// What a client begins a connection with.
struct FakeHello {
  SessionIdentity session{};  // id 0: it wants a new one
  std::vector<AuthInfo> identities{};
  std::int64_t last_zxid = 0;
  FakeWatches watches{};  // to be set again
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_LINE_H_
