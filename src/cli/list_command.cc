#include "cli/list_command.h"

#include <zklock/zookeeper_lock.h>

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <semaphore>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "cli/command_status.h"
#include "cli/queue_report.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

Now now() { return std::chrono::system_clock::now(); }

Queue read_queue(const std::string& path, const Session& session) {
  const ZooKeeperLock lock({.path = path}, session.client);
  return {.path = path, .entries = lock.entries(session.soon())};
}

std::string render(const std::vector<Queue>& queues, const ListOptions& options) {
  if (options.json) return to_json(queues, now()) + "\n";
  std::string text;
  for (const Queue& queue : queues) {
    if (!text.empty()) text += "\n";
    text += to_table(queue, now());
  }
  return text.empty() ? options.path + ": no lock is held here, nor below\n" : text;
}

// --- --recursive --------------------------------------------------------------------------------

bool has_sequence_number(const std::string& name) {
  std::error_code error;
  static_cast<void>(sequence_number(name, error));
  return !error;
}

std::string join(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

/// The locks that are held at `root` and below it, by path. A lock's claims have no children.
std::vector<Queue> read_all_queues(const std::string& root, const Session& session) {
  std::vector<Queue> queues;
  std::vector<std::string> to_visit = {root};
  while (!to_visit.empty()) {
    const std::string path = std::move(to_visit.back());
    to_visit.pop_back();
    const Result<Children> children = session.ask(
        [&](const Context& context) { return session.client->children(path, context); });
    if (children.error() == ZooKeeperErrc::no_node) continue;  // it went meanwhile
    if (!children) {
      throw LockError(Errc::locking_failed, "cannot list " + path, children.error());
    }
    bool may_be_lock = false;
    for (const std::string& name : children->names) {
      if (path == "/" && name == "zookeeper") continue;  // the servers' own
      if (has_sequence_number(name)) {
        may_be_lock = path != "/";
      } else {
        to_visit.push_back(join(path, name));
      }
    }
    if (!may_be_lock) continue;
    Queue queue = read_queue(path, session);
    if (!queue.entries.empty()) queues.push_back(std::move(queue));
  }
  std::sort(queues.begin(), queues.end(),
            [](const Queue& one, const Queue& other) { return one.path < other.path; });
  return queues;
}

// --- --watch ------------------------------------------------------------------------------------

/// One event of a watch, or the end of waiting for it.
class Change : public Watcher {
 public:
  void on_event(const WatchEvent& event) override {
    static_cast<void>(event);
    come();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  void wait(const Context& context) {
    std::vector<std::unique_ptr<std::stop_callback<std::function<void()>>>> on_stop;
    for (const std::stop_token& token : context.stop_tokens()) {
      on_stop.push_back(
          std::make_unique<std::stop_callback<std::function<void()>>>(token, [this] { come(); }));
    }
    come_.acquire();
  }

 private:
  void come() {
    if (!has_come_.exchange(true)) come_.release();
  }

  std::atomic<bool> has_come_ = false;
  std::binary_semaphore come_{0};
};

/// Returns when the list may have changed after `known` was read.
void await_change(const Queue& known, const std::shared_ptr<Change>& change, bool is_watched,
                  const Session& session) {
  if (is_watched) return change->wait(session.context);
  // There is no directory to watch: this makes one.
  const ZooKeeperLock lock({.path = known.path}, session.client);
  static_cast<void>(lock.wait_for_change(known.entries, session.context));
}

/// False: there is no such directory.
bool watch_list(const std::string& path, const std::shared_ptr<Change>& change,
                const Session& session) {
  const auto list = session.ask([&](const Context& context) {
    return session.client->children_and_watch(path, change, context);
  });
  if (!list && list.error() != ZooKeeperErrc::no_node) {
    throw LockError(Errc::locking_failed, "cannot watch " + path, list.error());
  }
  return static_cast<bool>(list);
}

int follow(const ListOptions& options, const Session& session) {
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  std::string shown;
  for (LockEntries last;;) {
    const auto change = std::make_shared<Change>();  // watches before the queue is read
    const bool is_watched = watch_list(options.path, change, session);
    const Queue queue = read_queue(options.path, session);
    if (shown.empty() ||
        !std::equal(queue.entries.begin(), queue.entries.end(), last.begin(), last.end())) {
      last = queue.entries;
      shown = render({queue}, options);
      write_out((is_terminal && !options.json ? "\033[H\033[2J" : "") + shown +
                (is_terminal || options.json ? "" : "\n"));
    }
    await_change(queue, change, is_watched, session);
  }
}

}  // namespace

int list_queues(const ListOptions& options, const Session& session) {
  if (options.watch) return follow(options, session);
  write_out(render(options.recursive ? read_all_queues(options.path, session)
                                     : std::vector<Queue>{read_queue(options.path, session)},
                   options));
  return status::kDone;
}

}  // namespace zklock::cli
