#include "cli/run_command.h"

#include <zklock/context.h>
#include <zklock/logger.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "cli/command_session.h"
#include "cli/command_status.h"
#include "cli/find_program.h"
#include "cli/lock_holder.h"
#include "cli/open_servers.h"
#include "cli/run_signals.h"
#include "cli/standard_error.h"
#include "cli/supervisor_process.h"

namespace zklock::cli {
namespace {

/// Said before anybody waits for a lock in vain.
int refuse_program(const std::string& name, int error) {
  say("cannot run " + name + ": " +
      (error == ENOENT ? "there is no such program" : std::generic_category().message(error)));
  return error == ENOENT ? status::kNotFound : status::kCannotRun;
}

}  // namespace

int run(const RunOptions& options, const Command& command) {
  const std::string& program = options.command.front();
  if (const int error = find_program(program)) return refuse_program(program, error);

  const sigset_t mask = RunSignals::block();
  SupervisorProcess supervisor(
      {.command = options.command, .lock_path = options.path, .signal_mask = mask});
  // Only now: the command has it as it was.
  std::signal(SIGPIPE, SIG_IGN);
  RunSignals signals([&supervisor](int number) { supervisor.signal(number); });

  Context context;
  Servers servers = command.servers;
  if (options.timeout) {
    context = context.with_timeout(*options.timeout);
    servers.answer_timeout = std::min(
        servers.answer_timeout, std::chrono::ceil<std::chrono::milliseconds>(*options.timeout));
  }
  CommandSession session{.answer_timeout = command.servers.answer_timeout,
                         .claim_markers = command.claim_markers,
                         .logger = options.verbose ? stderr_logger() : nullptr};
  session.client =
      open_servers(servers, {.session_timeout = options.session_timeout, .logger = session.logger});
  signals.request_stop_on_first();
  return LockHolder(options, session, supervisor, signals).run(context);
}

}  // namespace zklock::cli
