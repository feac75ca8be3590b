// fake_requests.cc: how the servers of a fake ensemble deal with requests.
#include <algorithm>
#include <utility>

#include "testing/fake_ensemble.h"

namespace zklock::internal {

void FakeEnsemble::send(ConnectionId id, FakeRequest request) {
  at_server(id, [this, id, request = std::move(request)](Connection& connection) {
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
    Connection* const connection = find(id);
    if (connection == nullptr || connection->awaits_commit || connection->requests.empty()) return;
    const std::error_code error =
        take_fault(connection->requests.front(), connection->caller.session, Fault::Kind::error);
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
  const std::int64_t zxid = quorum_.last_zxid_of(find(id)->server);
  at_client(id, {}, [fail = request.fail, error, zxid](FakePeer& peer) {
    peer.on_answer([&] { fail(error); }, zxid);
  });
}

/// Gives the first request of the connection to the leader.
void FakeEnsemble::forward(ConnectionId id) {
  const Connection& connection = *find(id);
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
  Connection* const connection = find(id);
  if (connection == nullptr || connection->requests.empty()) return;
  const FakeRequest request = std::move(connection->requests.front());
  connection->requests.pop_front();
  connection->awaits_commit = false;
  answer(id, request, outcome);
  process(id);
}

void FakeEnsemble::answer(ConnectionId id, const FakeRequest& request,
                          const Result<FakeTransaction>& outcome) {
  Connection& connection = *find(id);
  const FakeTree& tree = quorum_.tree_of(connection.server);
  if (take_fault(request, connection.caller.session, Fault::Kind::loss)) {
    if (observer_ != nullptr) {
      observer_->on_answer_lost(request.operation, request.path, connection.caller.session);
    }
    close(id);
    return;
  }
  if (outcome.error() == ZooKeeperErrc::session_expired) {
    refuse(id, request, outcome.error());
    return;
  }
  const std::int64_t zxid = quorum_.last_zxid_of(connection.server);
  if (request.watch && tree.get(request.path, connection.caller)) {
    connection.watches.insert(request.path);
  }
  const FakeRequest::Delivery delivery = request.answer(tree, connection.caller, outcome);
  at_client(id, {}, [delivery, zxid](FakePeer& peer) { peer.on_answer(delivery, zxid); });
}

/// The first fault of this kind that is meant for the request, if there is one; that is one less
/// then.
std::error_code FakeEnsemble::take_fault(const FakeRequest& request, std::int64_t session,
                                         Fault::Kind kind) {
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& known) {
    const bool is_operation =
        known.operation == FakeOperation::any || known.operation == request.operation;
    return known.kind == kind && is_operation && (known.session == 0 || known.session == session);
  });
  if (fault == faults_.end()) return {};
  const std::error_code error = fault->error;
  if (--fault->times == 0) faults_.erase(fault);
  return error;
}

void FakeEnsemble::lose_next_answer(FakeOperation operation, std::int64_t session) {
  faults_.push_back({Fault::Kind::loss, operation, session, ZooKeeperErrc::connection_loss, 1});
}

void FakeEnsemble::fail_next(FakeOperation operation, std::error_code error, int times) {
  faults_.push_back({Fault::Kind::error, operation, 0, error, times});
}

}  // namespace zklock::internal
