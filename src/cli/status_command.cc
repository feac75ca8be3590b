#include "cli/status_command.h"

#include "cli/command_status.h"
#include "cli/standard_output.h"

namespace zklock::cli {

int run(const StatusOptions& options, const CommandSession& session) {
  const Queue queue = session.queue(options.path);
  const bool is_held = !queue.entries.empty();
  if (!options.quiet) {
    write_out(is_held ? "held by " + describe_holder(queue.entries, now()) + "\n" : "free\n");
  }
  return is_held ? status::kHeld : status::kDone;
}

}  // namespace zklock::cli
