// fake_requests.cc: how the servers of a fake ensemble deal with requests.
#include <optional>
#include <utility>

#include "fake_ensemble.h"

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
    const FakeRequest& first = connection->requests.front();
    const Fault* const fault = fault_of(first, connection->caller.session);
    const bool is_to_fail = fault != nullptr && fault->error;
    if (first.decide && !is_to_fail) {
      connection->awaits_commit = true;
      forward(id);
      return;
    }
    const FakeRequest request = std::move(connection->requests.front());
    connection->requests.pop_front();
    answer(id, request, FakeTransaction{});
  }
}

/// Gives the first request of the connection to the leader.
void FakeEnsemble::forward(ConnectionId id) {
  const Connection& connection = *find(id);
  quorum_.propose(
      connection.server,
      [this, id, caller = connection.caller, decide = connection.requests.front().decide](
          const FakeTree& tree, Stat::Time now) -> Result<FakeTransaction> {
        const FakeSession* const session = sessions_.find(caller.session);
        if (session == nullptr) return ZooKeeperErrc::session_expired;
        if (session->connection != id) {
          tell("a session has moved", caller.session);
          return ZooKeeperErrc::session_moved;
        }
        return decide(tree, caller, now);
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
  const std::optional<Fault> fault = take_fault(request, connection.caller.session);
  if (fault && !fault->error) {
    if (observer_ != nullptr) {
      observer_->on_answer_lost(request.operation, request.path, connection.caller.session);
    }
    close(id);
    return;
  }
  const std::int64_t zxid = quorum_.last_zxid_of(connection.server);
  if (fault || outcome.error() == ZooKeeperErrc::session_expired) {
    const std::error_code error = fault ? fault->error : outcome.error();
    at_client(id, {}, [fail = request.fail, error, zxid](FakePeer& peer) {
      peer.on_answer([&] { fail(error); }, zxid);
    });
    return;
  }
  if (request.watch && tree.get(request.path, connection.caller)) {
    connection.watches.insert(request.path);
  }
  const FakeRequest::Delivery delivery = request.answer(tree, connection.caller, outcome);
  at_client(id, {}, [delivery, zxid](FakePeer& peer) { peer.on_answer(delivery, zxid); });
}

const FakeEnsemble::Fault* FakeEnsemble::fault_of(const FakeRequest& request,
                                                  std::int64_t session) const {
  for (const Fault& fault : faults_) {
    const bool is_kind =
        fault.operation == FakeOperation::any || fault.operation == request.operation;
    if (is_kind && (fault.session == 0 || fault.session == session)) return &fault;
  }
  return nullptr;
}

std::optional<FakeEnsemble::Fault> FakeEnsemble::take_fault(const FakeRequest& request,
                                                            std::int64_t session) {
  const Fault* const fault = fault_of(request, session);
  if (fault == nullptr) return std::nullopt;
  const Fault taken = *fault;
  const auto position = faults_.begin() + (fault - faults_.data());
  if (--position->times == 0) faults_.erase(position);
  return taken;
}

void FakeEnsemble::lose_next_answer(FakeOperation operation, std::int64_t session) {
  faults_.push_back({operation, session, {}, 1});
}

void FakeEnsemble::fail_next(FakeOperation operation, std::error_code error, int times) {
  faults_.push_back({operation, 0, error, times});
}

}  // namespace zklock::internal
