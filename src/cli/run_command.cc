#include "cli/run_command.h"

#include <zklock/context.h>
#include <zklock/error.h>

#include <algorithm>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <variant>

#include "cli/command_status.h"
#include "cli/commands.h"
#include "cli/error_detail.h"
#include "cli/list_command.h"
#include "cli/open_servers.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

void complain(const std::string& message) {
  std::fputs(("zklock: " + message + "\n").c_str(), stderr);
}

int dispatch(const Command& command, const Session& session) {
  struct {
    const Session& session;
    int operator()(const ListOptions& options) const { return list_queues(options, session); }
    int operator()(const StatusOptions& options) const { return tell_status(options, session); }
    int operator()(const WaitOptions& options) const { return wait_until_free(options, session); }
    int operator()(const BreakOptions& options) const { return break_claim(options, session); }
  } const visitor{session};
  return std::visit(visitor, command.what);
}

int status_of(const LockError& error) {
  if (error.code() == Errc::invalid_config) return status::kWrongUsage;
  const bool is_unanswered = error.code() == Errc::no_server_answered ||
                             error.code() == Errc::locking_timed_out ||
                             error.cause() == ZooKeeperErrc::operation_timeout ||
                             error.cause() == ZooKeeperErrc::connection_loss;
  if (is_unanswered) return status::kNoServer;
  const bool is_refused =
      error.cause() == ZooKeeperErrc::no_auth || error.cause() == ZooKeeperErrc::auth_failed;
  return is_refused ? status::kNoPermission : status::kFailed;
}

}  // namespace

int run_command(const Command& command) {
  Session session{.answer_timeout = command.servers.answer_timeout,
                  .claim_markers = command.claim_markers};
  Servers servers = command.servers;
  if (const auto* wait = std::get_if<WaitOptions>(&command.what); wait && wait->timeout) {
    session.context = session.context.with_timeout(*wait->timeout);
    servers.answer_timeout = std::min(servers.answer_timeout,
                                      std::chrono::ceil<std::chrono::milliseconds>(*wait->timeout));
  }
  try {
    session.client = open_servers(servers);
    return dispatch(command, session);
  } catch (const LockError& error) {
    const int status = status_of(error);
    const std::string detail(error_detail(error));
    complain((detail.empty() ? error.what() : detail) +
             (status == status::kNoPermission ? " (ZKLOCK_AUTH_FILE says who you are)" : ""));
    return status;
  } catch (const OutputError& error) {
    complain(error.what());
    return status::kCannotWrite;
  } catch (const std::invalid_argument& error) {
    complain(error.what());
    return status::kWrongUsage;
  }
}

}  // namespace zklock::cli
