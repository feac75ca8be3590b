#include "testing/fake_ensemble.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

FakeEnsemble::FakeEnsemble(const testing::FakeOptions& options, VirtualPlatform& platform)
    : options_(options),
      platform_(platform),
      sessions_(options.tick_time),
      addresses_(options.servers),
      loop_("fake-zookeeper"),
      quorum_(options.servers, options.tick_time, loop_, *this),
      network_(options, platform, loop_, quorum_) {
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
  network_.clear();
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

// --- Sessions -----------------------------------------------------------------------------------

FakeEnsemble::ConnectionId FakeEnsemble::connect(int server, const std::shared_ptr<FakeLine>& line,
                                                 std::weak_ptr<FakePeer> peer, FakeHello hello) {
  if (line->is_cut || server == FakeAddresses::kStranger) return 0;
  if (server == FakeAddresses::kNobody) return network_.open(server, line, std::move(peer));
  if (!quorum_.serves(server) && !quorum_.is_frozen(server)) return 0;  // frozen: it may accept
  const ConnectionId id = network_.open(server, line, std::move(peer));
  Connection& connection = *network_.find(id);
  for (const AuthInfo& identity : hello.identities) {
    if (identity.scheme != "ip") connection.caller.identities.push_back(identity);
  }
  connection.caller.identities.push_back({"ip", "127.0.0.1"});  // of every connection
  network_.at_server(id, [this, id, hello = std::move(hello)](Connection&) { accept(id, hello); });
  return id;
}

void FakeEnsemble::accept(ConnectionId id, const FakeHello& hello) {
  const int server = network_.find(id)->server;
  if (quorum_.last_zxid_of(server) < hello.last_zxid) {  // a client does not go back in time
    tell("a client is ahead of its server", server);
    network_.close(id);
    return;
  }
  quorum_.tell_leader(server, [this, id, hello] {
    if (network_.find(id) != nullptr) attach(id, hello);
  });
}

void FakeEnsemble::attach(ConnectionId id, const FakeHello& hello) {
  Connection& connection = *network_.find(id);
  const std::chrono::milliseconds timeout =
      sessions_.negotiate(connection.server, hello.session.timeout);
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
    network_.at_client(id, {}, [](FakePeer& peer) { peer.on_refused_session(); });
    return;
  }
  network_.close(std::exchange(session->connection, id));
  session->timeout = timeout;
  sessions_.renew(session_id, now);  // the leader tracks handshakes itself
  connection.caller.session = session_id;
  connection.line->session = session_id;
  const SessionIdentity identity{session_id, session->password, timeout};
  network_.at_client(id, {}, [identity](FakePeer& peer) { peer.on_accepted(identity); });
  const auto is_unknown = [](const AuthInfo& identity_of_client) {
    return identity_of_client.scheme != "digest" && identity_of_client.scheme != "ip";
  };
  if (std::any_of(hello.identities.begin(), hello.identities.end(), is_unknown)) {
    network_.at_client(id, {}, [](FakePeer& peer) { peer.on_refused_identity(); });
    network_.close(id);
    return;
  }
  set_watches(id, hello);
}

/// Tells what happened to the watched znodes while the client was away, and watches the rest again.
void FakeEnsemble::set_watches(ConnectionId id, const FakeHello& hello) {
  Connection& connection = *network_.find(id);
  const FakeTree& tree = quorum_.tree_of(connection.server);
  for (const FakeChange& change :
       connection.watches.set_again(hello.watches, tree, hello.last_zxid)) {
    tell("a watch tells late", connection.caller.session);
    network_.at_client(id, {}, [change](FakePeer& peer) { peer.on_event(change); });
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
  network_.at_server(id, [this, id](const Connection& connection) {
    touch(connection);
    const std::int64_t zxid = quorum_.last_zxid_of(connection.server);
    network_.at_client(id, {}, [zxid](FakePeer& peer) { peer.on_pong(zxid); });
  });
}

void FakeEnsemble::end_session_of(ConnectionId id) {
  network_.at_server(id, [this, id](const Connection& connection) {
    quorum_.tell_leader(connection.server, [this, id, session = connection.caller.session] {
      tell("session closed", session);
      end_session(session);
      network_.close(id);
    });
  });
}

void FakeEnsemble::power_off(int server) {
  addresses_.set_off(server, true);
  quorum_.freeze(server);
}

void FakeEnsemble::start(int server) {
  if (addresses_.is_off(server)) {
    addresses_.set_off(server, false);
    quorum_.kill(server);  // what it had been sent is lost
  }
  quorum_.start(server);
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

int FakeEnsemble::remove_empty_containers() {
  const std::vector<std::string> paths = quorum_.committed().empty_containers();
  if (!quorum_.has_quorum()) return 0;
  for (const std::string& path : paths) {
    quorum_.propose_at_leader([&path](const FakeTree& tree, Stat::Time) {
      return tree.remove(path, ZooKeeperClient::kAnyVersion, FakeCaller::an_operator());
    });
  }
  return static_cast<int>(paths.size());
}

// --- Servers ------------------------------------------------------------------------------------

void FakeEnsemble::on_applied(int server, const FakeTransaction& transaction,
                              const std::vector<FakeChange>& changes) {
  std::vector<ConnectionId> ended;
  for (auto& [id, connection] : network_.connections()) {
    if (connection.server != server || connection.is_closing) continue;
    for (const FakeChange& change : changes) {
      if (!connection.watches.take(change)) continue;
      network_.at_client(id, watch_delay_, [change](FakePeer& peer) { peer.on_event(change); });
    }
    const bool ends = transaction.kind == FakeTransaction::Kind::close_session &&
                      transaction.session == connection.caller.session;
    if (ends) ended.push_back(id);
  }
  network_.close_all(ended);
}

void FakeEnsemble::on_stopped_serving(int server) {
  sessions_.forget(server);
  network_.stop_serving(server);
}

void FakeEnsemble::on_thawed(int server) { network_.on_thawed(server); }

void FakeEnsemble::on_caught_up(int server) { sessions_.report(server, platform_.steady_now()); }

void FakeEnsemble::on_new_leader(int server) {
  tell("new leader", server);
  sessions_.restart_all(platform_.steady_now());
}

void FakeEnsemble::write(const FakeQuorum::Decide& decide) { quorum_.propose_at_leader(decide); }

// --- Requests -----------------------------------------------------------------------------------

void FakeEnsemble::send(ConnectionId id, FakeRequest request) {
  network_.at_server(id, [this, id, request = std::move(request)](Connection& connection) {
    touch(connection);
    if (observer_ != nullptr) {
      observer_->on_request(request.operation, request.path, connection.caller.session);
    }
    connection.requests.push_back(request);
    process(id);
  });
}

/// Requests of a session are answered in order: a read waits for the writes before it.
void FakeEnsemble::process(ConnectionId id) {
  for (;;) {
    Connection* const connection = network_.find(id);
    if (connection == nullptr || connection->awaits_commit || connection->requests.empty()) return;
    const std::error_code error =
        faults_.take_error(connection->requests.front(), connection->caller.session);
    if (connection->requests.front().decide && !error) {
      connection->awaits_commit = true;
      forward(id);
      return;
    }
    const FakeRequest request = std::move(connection->requests.front());
    connection->requests.pop_front();
    if (error) {
      refuse(id, request, error);
    } else {
      answer(id, request, FakeTransaction{});
    }
  }
}

/// The request has not been carried out.
void FakeEnsemble::refuse(ConnectionId id, const FakeRequest& request, std::error_code error) {
  const std::int64_t zxid = quorum_.last_zxid_of(network_.find(id)->server);
  network_.at_client(id, {}, [fail = request.fail, error, zxid](FakePeer& peer) {
    peer.on_answer([&] { fail(error); }, zxid);
  });
}

/// Gives the first request of the connection to the leader.
void FakeEnsemble::forward(ConnectionId id) {
  const Connection& connection = *network_.find(id);
  const FakeRequest& request = connection.requests.front();
  quorum_.propose(
      connection.server,
      [this, id, caller = connection.caller, operation = request.operation, path = request.path,
       decide = request.decide](const FakeTree& tree, Stat::Time now) -> Result<FakeTransaction> {
        const FakeSession* const session = sessions_.find(caller.session);
        if (session == nullptr) return ZooKeeperErrc::session_expired;
        if (session->connection != id) {
          tell("a session has moved", caller.session);
          return ZooKeeperErrc::session_moved;
        }
        Result<FakeTransaction> outcome = decide(tree, caller, now);
        if (observer_ != nullptr) observer_->on_decided(operation, path, caller.session, outcome);
        return outcome;
      },
      [this, id](const Result<FakeTransaction>& outcome) { finish_write(id, outcome); });
}

void FakeEnsemble::finish_write(ConnectionId id, const Result<FakeTransaction>& outcome) {
  Connection* const connection = network_.find(id);
  if (connection == nullptr || connection->requests.empty()) return;
  const FakeRequest request = std::move(connection->requests.front());
  connection->requests.pop_front();
  connection->awaits_commit = false;
  answer(id, request, outcome);
  process(id);
}

void FakeEnsemble::answer(ConnectionId id, const FakeRequest& request,
                          const Result<FakeTransaction>& outcome) {
  Connection& connection = *network_.find(id);
  const FakeTree& tree = quorum_.tree_of(connection.server);
  if (faults_.take_loss(request, connection.caller.session)) {
    if (observer_ != nullptr) {
      observer_->on_answer_lost(request.operation, request.path, connection.caller.session);
    }
    network_.close(id);
    return;
  }
  if (outcome.error() == ZooKeeperErrc::session_expired) {
    refuse(id, request, outcome.error());
    return;
  }
  const std::int64_t zxid = quorum_.last_zxid_of(connection.server);
  if (request.watch && tree.get(request.path, connection.caller)) {
    connection.watches.add(request.operation, request.path);
  }
  const FakeRequest::Delivery delivery = request.answer(tree, connection.caller, outcome);
  network_.at_client(id, {}, [delivery, zxid](FakePeer& peer) { peer.on_answer(delivery, zxid); });
}

}  // namespace zklock::internal
