#include "cli/follow_queue.h"

#include <unistd.h>

#include <optional>
#include <string>
#include <utility>

#include "cli/queue_changes.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

void show(const Queue& queue, bool as_json) {
  constexpr const char* kClearTerminal = "\033[H\033[2J";
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  const std::string text = render({queue}, as_json);
  if (as_json) {
    write_out(text);
  } else {
    write_out(is_terminal ? kClearTerminal + text : text + "\n");
  }
}

}  // namespace

void follow_queue(const ListOptions& options, const CommandSession& session) {
  QueueChanges changes(options.path, session);
  for (std::optional<LockEntries> shown;; changes.wait()) {
    LockEntries queue = changes.look();
    if (shown == queue) continue;
    show({.path = options.path, .entries = queue}, options.json);
    shown = std::move(queue);
  }
}

}  // namespace zklock::cli
