// fake_network.h: the connections between clients and a fake ensemble.
#ifndef ZKLOCK_SRC_TESTING_FAKE_NETWORK_H_
#define ZKLOCK_SRC_TESTING_FAKE_NETWORK_H_

#include <zklock/testing/fake_zookeeper.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/executor.h"
#include "testing/fake_line.h"
#include "testing/fake_quorum.h"
#include "testing/fake_request.h"
#include "testing/fake_watches.h"
#include "testing/virtual_platform.h"

namespace zklock::internal {

/// Brings messages between clients and servers. They take time, and keep their order for each
/// connection and direction. A line that is cut, a client or a server that is frozen, holds them
/// up.
///
/// Thread safety: none: all of it on the thread of `loop`.
class FakeNetwork {
 public:
  using ConnectionId = std::uint64_t;
  struct Connection {
    int server = 0;  // -1: nobody answers
    std::shared_ptr<FakeLine> line;
    std::weak_ptr<FakePeer> peer;
    FakeCaller caller;          // session 0: the handshake is not over
    SteadyTime server_hears{};  // the last message that is on its way
    SteadyTime client_hears{};  // the same in the other direction
    FakeWatches watches;
    std::deque<FakeRequest> requests;
    bool awaits_commit = false;  // the first request is a write that is under way
    bool is_closing = false;     // the server has hung up, which is on its way
    bool is_abandoned = false;   // the client has hung up, which a frozen server cannot see
  };
  /// REQUIRES: all of them outlive it.
  FakeNetwork(const testing::FakeOptions& options, VirtualPlatform& platform, Executor& loop,
              const FakeQuorum& quorum);

  ConnectionId open(int server, const std::shared_ptr<FakeLine>& line,
                    std::weak_ptr<FakePeer> peer);
  /// Null: there is none, or the server has hung up.
  [[nodiscard]] Connection* find(ConnectionId id);
  [[nodiscard]] std::map<ConnectionId, Connection>& connections() noexcept { return connections_; }
  /// The server hangs up, or the network.
  void close(ConnectionId id);
  void close_all(const std::vector<ConnectionId>& ids);
  /// The client hangs up.
  void hang_up(ConnectionId id);
  void clear();

  /// Calls `arrive` at the server, when a message from the client has got there.
  void at_server(ConnectionId id, std::function<void(Connection&)> arrive);
  /// Calls `arrive` at the client, when a message from the server has got there, and `extra` later.
  void at_client(ConnectionId id, std::chrono::nanoseconds extra,
                 std::function<void(FakePeer&)> arrive);
  /// Runs `job` on the loop, on the line's platform, `after` so long; once that is not frozen.
  void schedule(const std::shared_ptr<FakeLine>& line, std::chrono::nanoseconds after,
                std::function<void()> job);

  // Lines.
  void break_connection(const FakeLine& line);
  void cut(FakeLine& line);
  /// The line is not stalled any more.
  void release(FakeLine& line);
  /// What nothing holds any more goes on: the platform may have been thawed.
  void go_on(FakeLine& line);
  /// The server that the client of this line is connected to; -1: none.
  [[nodiscard]] int server_of(const FakeLine& line) const;

  // Servers.
  /// Hangs up on all clients; a frozen server does so first when it is thawed.
  void stop_serving(int server);
  void on_thawed(int server);

 private:
  [[nodiscard]] std::chrono::nanoseconds latency(const FakeLine& line);
  void arrive_at_server(ConnectionId id, const std::function<void(Connection&)>& arrive);
  void arrive_at_client(const std::shared_ptr<FakeLine>& line, const std::weak_ptr<FakePeer>& peer,
                        ConnectionId id, const std::function<void(FakePeer&)>& arrive);

  const std::chrono::nanoseconds latency_;
  const std::chrono::nanoseconds jitter_;
  VirtualPlatform& platform_;
  Executor& loop_;
  const FakeQuorum& quorum_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId last_connection_ = 0;
  std::map<int, std::vector<std::function<void()>>> held_by_;  // messages to frozen servers
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_NETWORK_H_
