#include "client/first_session.h"

#include <zklock/error.h>

#include <system_error>
#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "client/call.h"
#include "client/client_core.h"

namespace zklock::internal {

namespace {

/// A keeper that has failed does not try any longer: no time would cure it.
[[noreturn]] void fail_to_connect(const SessionKeeper& keeper, std::error_code error) {
  // An answer that is final says it all. (Such a server may have closed the connection by now.)
  const bool is_answered = !is_retryable(error) && !keeper.has_failed();
  const std::string problem = is_answered ? "" : keeper.problem();
  const std::string text = "no session with " + keeper.dialer().address() + ": " +
                           (problem.empty() ? error.message() : problem);
  // No server was asked, as the system lacks something.
  if (const std::error_code system = keeper.dial_error()) {
    throw LockError(Errc::locking_failed, text, system);
  }
  const bool is_outage = is_unanswered(error) && !keeper.has_failed();
  if (error == ZooKeeperErrc::operation_timeout) error = ZooKeeperErrc::connection_loss;
  throw LockError(is_outage ? Errc::no_server_answered : Errc::locking_failed, text, error);
}

std::error_code read(SessionKeeper& keeper, const std::string& path, const Context& context) {
  const Result<Znode> znode =
      call<Znode>(keeper, context, [&](const SessionConnection& connection, auto answer) {
        connection.wire->get(path, false, answer);
      });
  return znode.error();
}

/// Reads until there is an answer: none, `no_node` or `no_auth`. `error`: of the first attempt.
std::error_code read_again(SessionKeeper& keeper, const std::string& path, std::error_code error,
                           const Context& context) {
  for (Backoff backoff;;) {
    if (!error || error == ZooKeeperErrc::no_auth || error == ZooKeeperErrc::no_node) return error;
    if (is_retryable(error)) backoff.wait(context);
    if (!is_retryable(error) || has_ended(context)) fail_to_connect(keeper, error);
    error = read(keeper, path, context);
  }
}

}  // namespace

FirstRead::FirstRead(std::string path) : path_(std::move(path)) {}

void FirstRead::send(const SessionConnection& connection) {
  if (path_.empty() || is_sent_.exchange(true)) return;
  connection.wire->get(path_, false, [self = shared_from_this()](Result<Znode> znode) {
    self->answer_.complete(std::move(znode));
  });
}

bool await_first_session(ClientCore& core, std::chrono::milliseconds timeout) {
  SessionKeeper& keeper = core.keeper();
  const Context context = Context().with_timeout(timeout);
  const Result<SessionConnection> connection = keeper.await_connection(context);
  if (!connection) fail_to_connect(keeper, connection.error());
  FirstRead& first = core.first_read();
  if (first.path().empty()) return true;
  const std::error_code error =
      read_again(keeper, first.path(), first.wait(context).error(), context);
  if (error != ZooKeeperErrc::no_node) return true;
  // Below a chroot that does not exist every request fails with "no node".
  const std::string root = "/";
  const bool has_chroot = keeper.dialer().chroot_length() > 0;
  if (first.path() == root || (has_chroot && read_again(keeper, root, read(keeper, root, context),
                                                        context) == ZooKeeperErrc::no_node)) {
    throw LockError(
        Errc::locking_failed,
        "the chroot of " + keeper.dialer().address() + " does not exist: create it first", error);
  }
  return false;
}

}  // namespace zklock::internal
