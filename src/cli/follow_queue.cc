#include "cli/follow_queue.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>

#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

/// The events of one watch.
class Changes : public Watcher {
 public:
  void on_event(const WatchEvent& event) override {
    static_cast<void>(event);
    events_.release();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  /// Waits for one of them.
  void wait() { events_.acquire(); }

 private:
  std::counting_semaphore<> events_{0};
};

/// Watches the list; if there is none, that of the nearest parent: there the missing one will come.
void watch_list(const std::string& path, const std::shared_ptr<Changes>& change,
                const CommandSession& session) {
  std::string watched = path;
  for (;;) {
    const Result<Children> list = session.ask([&](const Context& context) {
      return session.client->children_and_watch(watched, change, context);
    });
    if (list) return;
    if (list.error() != ZooKeeperErrc::no_node || watched == "/") {
      throw LockError(Errc::locking_failed, "cannot watch " + watched, list.error());
    }
    watched.resize(std::max<std::size_t>(watched.rfind('/'), 1));
  }
}

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
  for (std::optional<LockEntries> shown;;) {
    const auto changes = std::make_shared<Changes>();
    watch_list(options.path, changes, session);  // first, so that no change is missed
    const Queue queue = session.queue(options.path);
    if (shown != queue.entries) show(queue, options.json);
    shown = queue.entries;
    changes->wait();
  }
}

}  // namespace zklock::cli
