#include "cli/dispatch.h"

#include <zklock/context.h>
#include <zklock/error.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>

#include "cli/break_command.h"
#include "cli/command_session.h"
#include "cli/command_status.h"
#include "cli/error_detail.h"
#include "cli/list_command.h"
#include "cli/open_servers.h"
#include "cli/run_command.h"
#include "cli/standard_error.h"
#include "cli/standard_output.h"
#include "cli/status_command.h"
#include "cli/wait_command.h"

namespace zklock::cli {
namespace {

/// What only looks, or removes.
template <class Options>
int run(const Options& options, const Command& command) {
  CommandSession session{.answer_timeout = command.servers.answer_timeout,
                         .claim_markers = command.claim_markers};
  Servers servers = command.servers;
  if constexpr (std::is_same_v<Options, WaitOptions>) {
    if (options.timeout) {
      session.context = session.context.with_timeout(*options.timeout);
      servers.answer_timeout = std::min(
          servers.answer_timeout, std::chrono::ceil<std::chrono::milliseconds>(*options.timeout));
    }
  }
  session.client = open_servers(servers, {});
  return run(options, session);
}

}  // namespace

int dispatch(const Command& command) {
  try {
    return std::visit([&](const auto& options) { return run(options, command); }, command.what);
  } catch (const LockError& error) {
    say(text_of(error));
    return exit_status_of(error);
  } catch (const OutputError& error) {
    say(error.what());
    return status::kCannotWrite;
  } catch (const std::invalid_argument& error) {
    say(error.what());
    return status::kWrongUsage;
  }
}

}  // namespace zklock::cli
