#include "lock/guarded_commit.h"

#include <cstddef>
#include <iterator>
#include <optional>
#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/multi_problem.h"
#include "lock/lease_state.h"

namespace zklock::internal {

namespace {

using Type = MultiOperation::Type;

/// A claim is never made anew under its name, which has a random id. Its version rises with each
/// renewal, so any version will do.
MultiOperation check_of(const std::string& znode) { return {.type = Type::check, .path = znode}; }

/// A server may hang up on a request that it finds too large.
constexpr int kMostLostAttempts = 5;

std::string directory_of(const std::string& znode) {
  const std::size_t slash = znode.rfind('/');
  return slash == 0 ? "/" : znode.substr(0, slash);
}

const char* verb_of(Type type) {
  switch (type) {
    case Type::check:
      return "check ";
    case Type::create:
      return "create ";
    case Type::set:
      return "set ";
    case Type::remove:
      return "remove ";
  }
  return "";
}

}  // namespace

void GuardedCommit::run(std::vector<MultiOperation> operations) {
  operations_ = std::move(operations);
  operations_.insert(operations_.begin(), check_of(guard_.znode));
  check_before_sending();
  if (has_ended(context_)) fail_as_unsent(ZooKeeperErrc::operation_timeout);
  if (guard_.lease) {
    expect_valid_lease();
    learn_zxid_of_grant();
  } else {
    expect_token();
  }
  int lost_attempts = 0;
  for (Backoff pause;; pause.wait(context_)) {
    expect_valid_lease();
    const std::int64_t session_before = session();
    const MultiResult result = client_.multi(operations_, context_);
    if (!result.error) return;
    if (result.is_sent && may_have_been_done(result.error)) {
      if (find_out({session_before, result.error})) return;
      // It was not done, and will not be: send it again.
      if (++lost_attempts == kMostLostAttempts) fail_as_too_often_lost(result.error);
      continue;
    }
    if (result.error == ZooKeeperErrc::no_node && result.refused == 0) fail_as_lost();
    if (is_retryable(result.error) && !has_ended(context_)) continue;
    if (result.is_sent) fail_as_refused(result);
    fail_as_unsent(result.error);
  }
}

void GuardedCommit::check_before_sending() const {
  const std::error_code bad = ZooKeeperErrc::bad_arguments;
  if (guard_.token <= 0) {
    throw LockError(Errc::write_failed,
                    name_of(0) + ": no claim has the token " + std::to_string(guard_.token), bad);
  }
  if (operations_.size() == 1) throw LockError(Errc::write_failed, "there is no operation", bad);
  if (const auto problem = multi_problem(operations_, 0)) {
    throw LockError(Errc::write_failed, name_of(problem->operation) + ": " + problem->text,
                    problem->error);
  }
}

/// Earlier claims had to go before this grant, and the last of them changed the directory. If it
/// can't be read, a write whose answer is lost stays in doubt.
void GuardedCommit::learn_zxid_of_grant() {
  const auto& state = LeaseAccess::state(guard_.lease);
  if (state->zxid_of_grant() != 0) return;
  const Result<Znode> directory = client_.get(directory_of(guard_.znode), context_);
  if (directory) state->learn_zxid_of_grant(directory->stat.pzxid);
}

/// The claim has the token that was handed over with it, and not the name of another one.
void GuardedCommit::expect_token() {
  for (Backoff pause;; pause.wait(context_)) {
    const Result<Znode> claim = client_.get(guard_.znode, context_);
    if (claim && claim->stat.czxid == guard_.token) return;
    if (claim) {
      throw LockError(Errc::lock_lost, guard_.znode + " is not the claim with the token " +
                                           std::to_string(guard_.token));
    }
    std::error_code error = claim.error();
    if (error == ZooKeeperErrc::no_node) {  // or the server is behind
      error = check_claim().error;
      if (error == ZooKeeperErrc::no_node) fail_as_lost();
      if (!error && !has_ended(context_)) continue;
      if (!error) error = ZooKeeperErrc::operation_timeout;
    }
    if (!is_retryable(error) || has_ended(context_)) fail_as_unsent(error);
  }
}

void GuardedCommit::expect_valid_lease() const {
  // Suspended is good enough: the transaction itself finds out whether the claim stands.
  const auto& state = LeaseAccess::state(guard_.lease);
  if (!state || state->stands()) return;
  if (state->is_forked()) {
    throw LockError(Errc::lock_lost, guard_.znode + " belongs to the parent process",
                    ZooKeeperErrc::forked);
  }
  const std::error_code reason = guard_.lease.loss_reason();
  throw LockError(Errc::lock_lost,
                  guard_.znode + ": " + (reason ? reason.message() : "the lease was released"));
}

bool GuardedCommit::find_out(const Lost& lost) {
  for (Backoff pause; !has_ended(context_); pause.wait(context_)) {
    // A quorum write: what is read behind it shows all that was committed before it.
    const MultiResult claim = check_claim();
    if (!is_decided(claim.error)) {
      if (!is_retryable(claim.error)) break;
      continue;
    }
    const bool is_gone = claim.error == ZooKeeperErrc::no_node;
    // Can it still come? Not without the claim; and not in the session whose later request was
    // answered: requests of its older connections are refused from then on.
    if (!is_gone && (lost.session == 0 || lost.session != session())) break;
    const Result<WriteOutcome> outcome = look(claim.connection);
    if (!outcome) {
      if (!is_retryable(outcome.error())) break;
      continue;
    }
    if (*outcome == WriteOutcome::unknown) break;
    if (*outcome == WriteOutcome::not_done) {
      if (is_gone) fail_as_lost();
      return false;
    }
    // What was read may be the same work of a later holder, unless the claim still stands.
    const std::error_code after = is_gone ? claim.error : check_claim().error;
    if (!after) return true;
    if (!is_retryable(after)) break;
  }
  throw LockError(
      Errc::write_in_doubt,
      "the answer to the write under " + guard_.znode + " was lost: " + lost.error.message(),
      lost.error);
}

/// `connection`: over which the claim was checked.
Result<WriteOutcome> GuardedCommit::look(std::uint64_t connection) {
  std::vector<std::optional<Znode>> found(operations_.size());
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    if (operations_[i].type == Type::check) continue;
    Result<Znode> znode = client_.get(operations_[i].path, context_);
    if (!znode && znode.error() != ZooKeeperErrc::no_node) return znode.error();
    // Another server may be behind. A client that does not say over which connection it read may
    // have asked another one.
    if (connection == 0) return WriteOutcome::unknown;
    if (znode && znode->connection != connection) return ZooKeeperErrc::connection_loss;
    if (znode) found[i] = std::move(*znode);
  }
  const auto& state = LeaseAccess::state(guard_.lease);
  return write_outcome(operations_, found, {guard_.token, state ? state->zxid_of_grant() : 0});
}

MultiResult GuardedCommit::check_claim() {
  return client_.multi({check_of(guard_.znode)}, context_);
}

std::int64_t GuardedCommit::session() const {
  const std::shared_ptr<const Session> current = client_.session();
  return current ? current->id() : 0;
}

std::string GuardedCommit::name_of(std::size_t operation) const {
  const MultiOperation& named = operations_[operation];
  if (operation == 0) return "the claim " + named.path;
  return "operation " + std::to_string(operation) + " of " +
         std::to_string(operations_.size() - 1) + ", " + verb_of(named.type) + named.path;
}

void GuardedCommit::fail_as_lost() const {
  if (const auto& state = LeaseAccess::state(guard_.lease)) state->lose(LossReason::claim_deleted);
  throw LockError(Errc::lock_lost, guard_.znode + " does not exist");
}

void GuardedCommit::fail_as_too_often_lost(std::error_code error) const {
  throw LockError(Errc::write_failed,
                  "the connection broke each time it was sent; is it larger than the servers' "
                  "jute.maxbuffer? " +
                      error.message(),
                  error);
}

void GuardedCommit::fail_as_refused(const MultiResult& result) const {
  // No operation, if it is not a server's answer to one.
  const bool has_name = result.refused > 0 || is_from_server(result.error);
  throw LockError(Errc::write_failed,
                  has_name ? name_of(result.refused) + ": " + result.error.message() : "",
                  result.error);
}

void GuardedCommit::fail_as_unsent(std::error_code error) const {
  const bool is_outage = is_unanswered(error) && !context_.canceled();
  if (is_outage) {
    throw LockError(Errc::no_server_answered,
                    "the write under " + guard_.znode + " was not sent: " + error.message(), error);
  }
  if (error == ZooKeeperErrc::unimplemented) {
    throw LockError(Errc::write_failed, "the client does not implement ZooKeeperClient::multi",
                    error);
  }
  throw LockError(Errc::write_failed, "", context_.canceled() ? ZooKeeperErrc::canceled : error);
}

}  // namespace zklock::internal
