#include "cli/run_command.h"

#include <zklock/context.h>
#include <zklock/logger.h>

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <memory>
#include <string>
#include <system_error>

#include "cli/command_session.h"
#include "cli/command_status.h"
#include "cli/end_by_signal.h"
#include "cli/error_detail.h"
#include "cli/find_program.h"
#include "cli/lock_holder.h"
#include "cli/open_servers.h"
#include "cli/pause.h"
#include "cli/run_signals.h"
#include "cli/standard_error.h"
#include "cli/supervisor_process.h"

namespace zklock::cli {
namespace {

/// Said before anybody waits for a lock in vain.
int refuse_program(const std::string& name, int error) {
  if (error == ENOENT) {
    say("cannot run " + name + ": there is no such program");
    return status::kNotFound;
  }
  say("cannot run " + name + ": " + std::generic_category().message(error) +
      " (is it a program, and may you execute it?)");
  return status::kCannotRun;
}

/// With `--requeue`, waits for servers as long as it takes: until a signal ends the process.
std::shared_ptr<ZooKeeperClient> open(const Servers& servers, const RunOptions& options,
                                      const std::shared_ptr<Logger>& logger) {
  constexpr std::chrono::seconds kPause{5};
  for (bool is_known = false;; is_known = true) {
    try {
      return open_servers(servers, {.session_timeout = options.session_timeout, .logger = logger});
    } catch (const LockError& error) {
      if (!options.requeue || exit_status_of(error) != status::kNoServer) throw;
      if (!is_known) say(text_of(error) + "; going on");
    }
    static_cast<void>(pause(kPause, {}));
  }
}

}  // namespace

int run(const RunOptions& options, const Command& command) {
  const std::string& program = options.command.front();
  if (const int error = find_program(program)) return refuse_program(program, error);

  if (::access("/proc/self/stat", R_OK) != 0) {
    say("there is no /proc here, so what a command leaves behind could not be found");
    return status::kFailed;
  }
  prepare_to_end_by_signal();
  const RunSignals::Blocked blocked = RunSignals::block();
  SupervisorProcess supervisor(
      {.command = options.command, .lock_path = options.path, .signal_mask = blocked.mask_before});
  // Only now: the command has it as it was.
  std::signal(SIGPIPE, SIG_IGN);
  RunSignals signals(blocked, [&supervisor](int number) { supervisor.signal(number); });

  Context context;
  Servers servers = command.servers;
  if (options.timeout) {
    context = context.with_timeout(*options.timeout);
    servers.answer_timeout = std::chrono::ceil<std::chrono::milliseconds>(*options.timeout);
  }
  CommandSession session{.answer_timeout = command.servers.answer_timeout,
                         .claim_markers = command.claim_markers,
                         .logger = options.verbose ? stderr_logger() : nullptr};
  session.client = open(servers, options, session.logger);
  signals.request_stop_on_first();
  const RunEnd end = LockHolder(options, session, supervisor, signals).run(context);
  if (end.signal != 0) end_by_signal(end.signal);
  return end.exit_status;
}

}  // namespace zklock::cli
