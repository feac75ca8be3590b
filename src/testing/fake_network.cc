#include "testing/fake_network.h"

#include <algorithm>
#include <utility>

namespace zklock::internal {

FakeNetwork::FakeNetwork(const testing::FakeOptions& options, VirtualPlatform& platform,
                         Executor& loop, const FakeQuorum& quorum)
    : latency_(options.latency),
      jitter_(options.jitter),
      platform_(platform),
      loop_(loop),
      quorum_(quorum) {}

FakeNetwork::ConnectionId FakeNetwork::open(int server, const std::shared_ptr<FakeLine>& line,
                                            std::weak_ptr<FakePeer> peer) {
  const ConnectionId id = ++last_connection_;
  Connection& connection = connections_[id];
  connection.server = server;
  connection.line = line;
  connection.peer = std::move(peer);
  return id;
}

void FakeNetwork::close_all(const std::vector<ConnectionId>& ids) {
  for (const ConnectionId id : ids) close(id);
}

void FakeNetwork::clear() {
  held_by_.clear();
  connections_.clear();
}

std::chrono::nanoseconds FakeNetwork::latency(const FakeLine& line) {
  const std::chrono::nanoseconds spread = jitter_ + line.most_delay;
  if (spread.count() <= 0) return latency_;
  const auto range = static_cast<std::uint64_t>(spread.count()) + 1;
  return latency_ + std::chrono::nanoseconds(static_cast<std::int64_t>(platform_.random() % range));
}

void FakeNetwork::schedule(const std::shared_ptr<FakeLine>& line, std::chrono::nanoseconds after,
                           std::function<void()> job) {
  loop_.schedule(platform_.steady_now() + after, [this, line, job = std::move(job)] {
    if (line->platform.is_frozen()) {
      line->held_timers.emplace_back([this, line, job] { schedule(line, {}, job); });
      return;
    }
    {
      const PlatformScope scope(line->platform);
      job();
    }
    platform_.time().yield();
  });
}

// --- Connections and messages -------------------------------------------------------------------

FakeNetwork::Connection* FakeNetwork::find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() || found->second.is_closing ? nullptr : &found->second;
}

void FakeNetwork::at_server(ConnectionId id, std::function<void(Connection&)> arrive) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  if (connection->line->holds()) {
    connection->line->held.emplace_back(
        [this, id, arrive = std::move(arrive)] { at_server(id, arrive); });
    return;
  }
  SteadyTime& time = connection->server_hears;
  time = std::max(time, platform_.steady_now() + latency(*connection->line));
  loop_.schedule(time, [this, id, arrive = std::move(arrive)] { arrive_at_server(id, arrive); });
}

void FakeNetwork::arrive_at_server(ConnectionId id,
                                   const std::function<void(Connection&)>& arrive) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  const int server = connection->server;
  if (quorum_.is_frozen(server)) {
    held_by_[server].emplace_back([this, id, arrive] { arrive_at_server(id, arrive); });
    return;
  }
  arrive(*connection);
}

void FakeNetwork::at_client(ConnectionId id, std::chrono::nanoseconds extra,
                            std::function<void(FakePeer&)> arrive) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  SteadyTime& time = connection.client_hears;
  time = std::max(time, platform_.steady_now() + latency(*connection.line) + extra);
  loop_.schedule(time, [this, line = connection.line, peer = connection.peer, id,
                        arrive = std::move(arrive)] { arrive_at_client(line, peer, id, arrive); });
}

void FakeNetwork::arrive_at_client(const std::shared_ptr<FakeLine>& line,
                                   const std::weak_ptr<FakePeer>& peer, ConnectionId id,
                                   const std::function<void(FakePeer&)>& arrive) {
  const auto found = connections_.find(id);
  if (found == connections_.end() || found->second.is_abandoned) return;  // the client has hung up
  if (line->holds()) {
    line->held.emplace_back(
        [this, line, peer, id, arrive] { arrive_at_client(line, peer, id, arrive); });
    return;
  }
  if (const auto listener = peer.lock()) {
    const PlatformScope scope(line->platform);
    arrive(*listener);
  }
  platform_.time().yield();
}

void FakeNetwork::close(ConnectionId id) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  connection->is_closing = true;
  connection->requests.clear();
  at_client(id, {}, [this, id](FakePeer& peer) {
    connections_.erase(id);
    peer.on_closed();
  });
}

void FakeNetwork::hang_up(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  const int server = found->second.server;
  if (server >= 0 && quorum_.is_frozen(server) && !found->second.is_closing) {
    // What it has been sent it will read, and carry out, before it finds out.
    found->second.is_abandoned = true;
    found->second.peer.reset();
  } else {
    connections_.erase(found);
  }
}

void FakeNetwork::release(FakeLine& line) {
  line.is_stalled = false;
  go_on(line);
}

void FakeNetwork::go_on(FakeLine& line) {
  if (line.platform.is_frozen()) return;
  if (!line.is_stalled) {
    for (const auto& message : std::exchange(line.held, {})) message();
  }
  for (const auto& timer : std::exchange(line.held_timers, {})) loop_.post(timer);
}

void FakeNetwork::break_connection(const FakeLine& line) {
  std::vector<ConnectionId> broken;
  for (const auto& [id, connection] : connections_) {
    if (connection.line.get() == &line) broken.push_back(id);
  }
  close_all(broken);
}

void FakeNetwork::cut(FakeLine& line) {
  line.is_cut = true;
  break_connection(line);
}

int FakeNetwork::server_of(const FakeLine& line) const {
  for (const auto& [id, connection] : connections_) {
    if (connection.line.get() == &line && connection.caller.session != 0 &&
        !connection.is_closing && !connection.is_abandoned) {
      return connection.server;
    }
  }
  return -1;
}

// --- Servers ------------------------------------------------------------------------------------

void FakeNetwork::stop_serving(int server) {
  const auto hang_up_on_all = [this, server] {
    std::vector<ConnectionId> clients;
    for (const auto& [id, connection] : connections_) {
      if (connection.server == server) clients.push_back(id);
    }
    close_all(clients);
  };
  if (quorum_.is_frozen(server)) {
    auto& held = held_by_[server];
    held.insert(held.begin(), hang_up_on_all);
  } else {
    hang_up_on_all();
    held_by_.erase(server);  // it was frozen, and will not read what it had been sent
  }
}

void FakeNetwork::on_thawed(int server) {
  for (const auto& message : std::exchange(held_by_[server], {})) message();
  std::erase_if(connections_, [server](const auto& known) {
    return known.second.server == server && known.second.is_abandoned;
  });
}

}  // namespace zklock::internal
