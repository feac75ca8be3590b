#include "testing/fake_ensemble.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

FakeEnsemble::FakeEnsemble(const testing::FakeOptions& options, VirtualPlatform& platform)
    : options_(options),
      platform_(platform),
      sessions_(options.tick_time),
      loop_("fake-zookeeper"),
      quorum_(options.servers, options.tick_time, loop_, *this) {
  const std::chrono::nanoseconds tick = options.tick_time;
  // The leader's pings are not in step with the ticks by which sessions are due.
  every(tick, {}, &FakeEnsemble::look_for_due_sessions);
  every(tick / 2, tick / 8, &FakeEnsemble::report_to_leader);
}

void FakeEnsemble::run(const std::function<void()>& job) {
  Monitor monitor;
  bool is_done = false;
  loop_.post([&] {
    job();
    const MutexLock lock(monitor.mutex);
    is_done = true;
    monitor.changed->notify_all();  // with the mutex, as the other thread destroys it next
  });
  MutexLock lock(monitor.mutex);
  while (!is_done) monitor.changed->wait(lock);
}

void FakeEnsemble::stop() {
  loop_.stop();
  quorum_.drop_messages();
  held_by_.clear();
  connections_.clear();
}

void FakeEnsemble::tell(const char* what, std::int64_t subject) {
  if (observer_ != nullptr) observer_->on_event(what, subject);
}

// --- Time ---------------------------------------------------------------------------------------

/// At the whole multiples of `period`, and `shift` later.
void FakeEnsemble::every(std::chrono::nanoseconds period, std::chrono::nanoseconds shift,
                         void (FakeEnsemble::*call)()) {
  const auto now = platform_.steady_now().time_since_epoch();
  const auto next = ((now - shift) / period + 1) * period + shift;
  loop_.schedule(SteadyTime(next), [this, period, shift, call] {
    (this->*call)();
    every(period, shift, call);
  });
}

void FakeEnsemble::look_for_due_sessions() {
  if (!quorum_.has_quorum()) return;
  for (const std::int64_t session : sessions_.due(platform_.steady_now())) {
    tell("session expired", session);
    end_session(session);
  }
}

void FakeEnsemble::report_to_leader() {
  if (quorum_.leader() < 0 || quorum_.is_frozen(quorum_.leader())) return;
  for (int server = 0; server < quorum_.size(); ++server) {
    if (quorum_.reaches_leader(server)) sessions_.report(server, platform_.steady_now());
  }
}

std::chrono::nanoseconds FakeEnsemble::latency() {
  if (options_.jitter.count() <= 0) return options_.latency;
  const auto range = static_cast<std::uint64_t>(options_.jitter.count()) + 1;
  return options_.latency +
         std::chrono::nanoseconds(static_cast<std::int64_t>(platform_.random() % range));
}

void FakeEnsemble::schedule(const std::shared_ptr<FakeLine>& line, std::chrono::nanoseconds after,
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

// --- Messages -----------------------------------------------------------------------------------

FakeEnsemble::Connection* FakeEnsemble::find(ConnectionId id) {
  const auto found = connections_.find(id);
  return found == connections_.end() || found->second.is_closing ? nullptr : &found->second;
}

void FakeEnsemble::at_server(ConnectionId id, std::function<void(Connection&)> arrive) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  if (connection->line->holds()) {
    connection->line->held.emplace_back(
        [this, id, arrive = std::move(arrive)] { at_server(id, arrive); });
    return;
  }
  SteadyTime& time = connection->server_hears;
  time = std::max(time, platform_.steady_now() + latency());
  loop_.schedule(time, [this, id, arrive = std::move(arrive)] { arrive_at_server(id, arrive); });
}

void FakeEnsemble::arrive_at_server(ConnectionId id,
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

void FakeEnsemble::at_client(ConnectionId id, std::chrono::nanoseconds extra,
                             std::function<void(FakePeer&)> arrive) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  Connection& connection = found->second;
  SteadyTime& time = connection.client_hears;
  time = std::max(time, platform_.steady_now() + latency() + extra);
  loop_.schedule(time, [this, line = connection.line, peer = connection.peer, id,
                        arrive = std::move(arrive)] { arrive_at_client(line, peer, id, arrive); });
}

void FakeEnsemble::arrive_at_client(const std::shared_ptr<FakeLine>& line,
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

/// The server hangs up, or the network.
void FakeEnsemble::close(ConnectionId id) {
  Connection* const connection = find(id);
  if (connection == nullptr) return;
  connection->is_closing = true;
  connection->requests.clear();
  at_client(id, {}, [this, id](FakePeer& peer) {
    connections_.erase(id);
    peer.on_closed();
  });
}

void FakeEnsemble::hang_up(ConnectionId id) {
  const auto found = connections_.find(id);
  if (found == connections_.end()) return;
  if (quorum_.is_frozen(found->second.server) && !found->second.is_closing) {
    // What it has been sent it will read, and carry out, before it finds out.
    found->second.is_abandoned = true;
    found->second.peer.reset();
  } else {
    connections_.erase(found);
  }
}

void FakeEnsemble::release(FakeLine& line) {
  line.is_stalled = false;
  go_on(line);
}

void FakeEnsemble::go_on(FakeLine& line) {
  if (line.platform.is_frozen()) return;
  if (!line.is_stalled) {
    for (const auto& message : std::exchange(line.held, {})) message();
  }
  for (const auto& timer : std::exchange(line.held_timers, {})) loop_.post(timer);
}

void FakeEnsemble::break_connection(const FakeLine& line) {
  std::vector<ConnectionId> broken;
  for (const auto& [id, connection] : connections_) {
    if (connection.line.get() == &line) broken.push_back(id);
  }
  for (const ConnectionId id : broken) close(id);
}

void FakeEnsemble::cut(FakeLine& line) {
  line.is_cut = true;
  break_connection(line);
}

int FakeEnsemble::server_of(const FakeLine& line) const {
  for (const auto& [id, connection] : connections_) {
    if (connection.line.get() == &line && connection.caller.session != 0 &&
        !connection.is_closing && !connection.is_abandoned) {
      return connection.server;
    }
  }
  return -1;
}

// --- Sessions -----------------------------------------------------------------------------------

FakeEnsemble::ConnectionId FakeEnsemble::connect(int server, const std::shared_ptr<FakeLine>& line,
                                                 std::weak_ptr<FakePeer> peer, FakeHello hello) {
  if (line->is_cut || !quorum_.serves(server)) return 0;
  const ConnectionId id = ++last_connection_;
  Connection& connection = connections_[id];
  connection.server = server;
  connection.line = line;
  connection.peer = std::move(peer);
  for (const AuthInfo& identity : hello.identities) {
    if (identity.scheme != "ip") connection.caller.identities.push_back(identity);
  }
  connection.caller.identities.push_back({"ip", "127.0.0.1"});  // of every connection
  at_server(id, [this, id, hello = std::move(hello)](Connection&) { accept(id, hello); });
  return id;
}

void FakeEnsemble::accept(ConnectionId id, const FakeHello& hello) {
  const int server = find(id)->server;
  if (quorum_.last_zxid_of(server) < hello.last_zxid) {  // a client does not go back in time
    tell("a client is ahead of its server", server);
    close(id);
    return;
  }
  quorum_.tell_leader(server, [this, id, hello] {
    if (find(id) != nullptr) attach(id, hello);
  });
}

void FakeEnsemble::attach(ConnectionId id, const FakeHello& hello) {
  Connection& connection = *find(id);
  const std::chrono::milliseconds tick = options_.tick_time;
  const auto bounds = bounds_.find(connection.server);
  const std::chrono::milliseconds least = bounds == bounds_.end() ? 2 * tick : bounds->second.least;
  const std::chrono::milliseconds most = bounds == bounds_.end() ? 20 * tick : bounds->second.most;
  const std::chrono::milliseconds timeout = std::clamp(hello.session.timeout, least, most);
  const SteadyTime now = platform_.steady_now();
  std::int64_t session_id = hello.session.id;
  if (session_id == 0) {
    session_id = sessions_.create(timeout, now);
    quorum_.propose_at_leader([](const FakeTree&, Stat::Time) { return FakeTransaction{}; });
    tell("session created", session_id);
  }
  FakeSession* const session = sessions_.find(session_id);
  if (session == nullptr ||
      session->password != (hello.session.id == 0 ? session->password : hello.session.password)) {
    at_client(id, {}, [](FakePeer& peer) { peer.on_refused_session(); });
    return;
  }
  close(std::exchange(session->connection, id));
  session->timeout = timeout;
  sessions_.renew(session_id, now);  // the leader tracks handshakes itself
  connection.caller.session = session_id;
  connection.line->session = session_id;
  const SessionIdentity identity{session_id, session->password, timeout};
  at_client(id, {}, [identity](FakePeer& peer) { peer.on_accepted(identity); });
  const auto is_unknown = [](const AuthInfo& identity_of_client) {
    return identity_of_client.scheme != "digest" && identity_of_client.scheme != "ip";
  };
  if (std::any_of(hello.identities.begin(), hello.identities.end(), is_unknown)) {
    at_client(id, {}, [](FakePeer& peer) { peer.on_refused_identity(); });
    close(id);
    return;
  }
  set_watches(id, hello);
}

/// Tells what happened to the watched znodes while the client was away, and watches the rest again.
void FakeEnsemble::set_watches(ConnectionId id, const FakeHello& hello) {
  Connection& connection = *find(id);
  const FakeTree& tree = quorum_.tree_of(connection.server);
  for (const std::string& path : hello.watches) {
    const std::optional<Stat> stat = tree.stat(path);
    if (stat && stat->mzxid <= hello.last_zxid) {
      connection.watches.insert(path);
      continue;
    }
    tell("a watch tells late", connection.caller.session);
    const FakeChange change{stat ? WatchEvent::Type::changed : WatchEvent::Type::deleted, path};
    at_client(id, {}, [change](FakePeer& peer) { peer.on_event(change); });
  }
}

void FakeEnsemble::touch(const Connection& connection) {
  const std::int64_t session = connection.caller.session;
  if (session == 0) return;
  if (connection.server == quorum_.leader()) {
    sessions_.renew(session, platform_.steady_now());
  } else {
    sessions_.note_at_follower(connection.server, session);
  }
}

void FakeEnsemble::ping(ConnectionId id) {
  at_server(id, [this, id](const Connection& connection) {
    touch(connection);
    const std::int64_t zxid = quorum_.last_zxid_of(connection.server);
    at_client(id, {}, [zxid](FakePeer& peer) { peer.on_pong(zxid); });
  });
}

void FakeEnsemble::end_session_of(ConnectionId id) {
  at_server(id, [this, id](const Connection& connection) {
    quorum_.tell_leader(connection.server, [this, id, session = connection.caller.session] {
      tell("session closed", session);
      end_session(session);
      close(id);
    });
  });
}

void FakeEnsemble::expire_session(std::int64_t session) {
  if (sessions_.find(session) == nullptr || !quorum_.has_quorum()) return;
  tell("session ended by hand", session);
  end_session(session);
}

void FakeEnsemble::end_session(std::int64_t session) {
  quorum_.propose_at_leader(
      [this, session](const FakeTree&, Stat::Time) -> Result<FakeTransaction> {
        sessions_.erase(session);
        FakeTransaction transaction;
        transaction.kind = FakeTransaction::Kind::close_session;
        transaction.session = session;
        return transaction;
      });
}

void FakeEnsemble::bound_session_timeouts(int server, std::chrono::milliseconds least,
                                          std::chrono::milliseconds most) {
  bounds_[server] = {least, most};
}

// --- Servers ------------------------------------------------------------------------------------

void FakeEnsemble::on_applied(int server, const FakeTransaction& transaction,
                              const std::vector<FakeChange>& changes) {
  std::vector<ConnectionId> ended;
  for (auto& [id, connection] : connections_) {
    if (connection.server != server || connection.is_closing) continue;
    for (const FakeChange& change : changes) {
      if (change.type == WatchEvent::Type::children_changed) continue;
      if (connection.watches.erase(change.path) == 0) continue;
      at_client(id, watch_delay_, [change](FakePeer& peer) { peer.on_event(change); });
    }
    const bool ends = transaction.kind == FakeTransaction::Kind::close_session &&
                      transaction.session == connection.caller.session;
    if (ends) ended.push_back(id);
  }
  for (const ConnectionId id : ended) close(id);
}

void FakeEnsemble::on_stopped_serving(int server) {
  sessions_.forget(server);
  const auto hang_up_on_all = [this, server] {
    std::vector<ConnectionId> clients;
    for (const auto& [id, connection] : connections_) {
      if (connection.server == server) clients.push_back(id);
    }
    for (const ConnectionId id : clients) close(id);
  };
  if (quorum_.is_frozen(server)) {
    auto& held = held_by_[server];
    held.insert(held.begin(), hang_up_on_all);
  } else {
    hang_up_on_all();
  }
}

void FakeEnsemble::on_thawed(int server) {
  for (const auto& message : std::exchange(held_by_[server], {})) message();
  std::erase_if(connections_, [server](const auto& known) {
    return known.second.server == server && known.second.is_abandoned;
  });
}

void FakeEnsemble::on_caught_up(int server) { sessions_.report(server, platform_.steady_now()); }

void FakeEnsemble::on_new_leader(int server) {
  tell("new leader", server);
  sessions_.restart_all(platform_.steady_now());
}

void FakeEnsemble::write(const FakeQuorum::Decide& decide) { quorum_.propose_at_leader(decide); }

}  // namespace zklock::internal
