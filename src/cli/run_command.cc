#include "cli/run_command.h"

#include <zklock/context.h>
#include <zklock/error.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <variant>

#include "cli/break_command.h"
#include "cli/command_session.h"
#include "cli/command_status.h"
#include "cli/error_detail.h"
#include "cli/list_command.h"
#include "cli/open_servers.h"
#include "cli/standard_error.h"
#include "cli/standard_output.h"
#include "cli/status_command.h"
#include "cli/wait_command.h"

namespace zklock::cli {
namespace {

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
  CommandSession session{.answer_timeout = command.servers.answer_timeout,
                         .claim_markers = command.claim_markers};
  Servers servers = command.servers;
  if (const auto* wait = std::get_if<WaitOptions>(&command.what); wait && wait->timeout) {
    session.context = session.context.with_timeout(*wait->timeout);
    servers.answer_timeout = std::min(servers.answer_timeout,
                                      std::chrono::ceil<std::chrono::milliseconds>(*wait->timeout));
  }
  try {
    session.client = open_servers(servers);
    return std::visit([&](const auto& options) { return run(options, session); }, command.what);
  } catch (const LockError& error) {
    const int status = status_of(error);
    const std::string detail(error_detail(error));
    say((detail.empty() ? error.what() : detail) +
        (status == status::kNoPermission ? " (ZKLOCK_AUTH_FILE says who you are)" : ""));
    return status;
  } catch (const OutputError& error) {
    say(error.what());
    return status::kCannotWrite;
  } catch (const std::invalid_argument& error) {
    say(error.what());
    return status::kWrongUsage;
  }
}

}  // namespace zklock::cli
