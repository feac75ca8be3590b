#include "cli/list_command.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <semaphore>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_status.h"
#include "cli/queue_report.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

Now now() { return std::chrono::system_clock::now(); }

Queue read_queue(const std::string& path, const Session& session) {
  const ZooKeeperLock lock = session.lock(path);
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

std::string join(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

/// What was found, and what may not be read.
struct Found {
  std::vector<Queue> queues{};
  std::vector<std::string> refused{};
};

/// Adds the children to those that are still to be visited. Claims have no children.
void visit(const std::string& path, const std::vector<std::string>& names, const Session& session,
           Found& found, std::vector<std::string>& to_visit) {
  std::set<std::string> claims;
  if (path != "/" && !names.empty()) {
    Queue queue = read_queue(path, session);
    for (const LockEntry& entry : queue.entries) claims.insert(entry.path);
    if (!queue.entries.empty()) found.queues.push_back(std::move(queue));
  }
  for (const std::string& name : names) {
    if (path == "/" && name == "zookeeper") continue;  // the servers' own
    std::string child = join(path, name);
    if (!claims.contains(child)) to_visit.push_back(std::move(child));
  }
}

/// The locks that are held at `root` and below it, by path.
Found find_queues(const std::string& root, const Session& session) {
  Found found;
  std::vector<std::string> to_visit = {root};
  while (!to_visit.empty()) {
    const std::string path = std::move(to_visit.back());
    to_visit.pop_back();
    const Result<Children> children = session.ask(
        [&](const Context& context) { return session.client->children(path, context); });
    if (children) {
      visit(path, children->names, session, found, to_visit);
    } else if (children.error() == ZooKeeperErrc::no_auth) {
      found.refused.push_back(path);
    } else if (children.error() != ZooKeeperErrc::no_node) {  // it did not go meanwhile
      throw LockError(Errc::locking_failed, "cannot list " + path, children.error());
    }
  }
  std::sort(found.queues.begin(), found.queues.end(),
            [](const Queue& one, const Queue& other) { return one.path < other.path; });
  return found;
}

int list_all(const ListOptions& options, const Session& session) {
  const Found found = find_queues(options.path, session);
  write_out(render(found.queues, options));
  for (const std::string& path : found.refused) {
    std::fputs(("zklock: cannot list " + path + ": no permission\n").c_str(), stderr);
  }
  return found.refused.empty() ? status::kDone : status::kNoPermission;
}

// --- --watch ------------------------------------------------------------------------------------

/// One event of a watch.
class Change : public Watcher {
 public:
  void on_event(const WatchEvent& event) override {
    static_cast<void>(event);
    if (!has_come_.exchange(true)) come_.release();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  void wait() { come_.acquire(); }

 private:
  std::atomic<bool> has_come_ = false;
  std::binary_semaphore come_{0};
};

/// Watches the list; if there is none, that of the nearest parent: there the missing one will come.
void watch_list(const std::string& path, const std::shared_ptr<Change>& change,
                const Session& session) {
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

int follow(const ListOptions& options, const Session& session) {
  const bool is_terminal = isatty(STDOUT_FILENO) != 0;
  std::string shown;
  for (LockEntries last;;) {
    const auto change = std::make_shared<Change>();  // watches before the queue is read
    watch_list(options.path, change, session);
    const Queue queue = read_queue(options.path, session);
    if (shown.empty() ||
        !std::equal(queue.entries.begin(), queue.entries.end(), last.begin(), last.end())) {
      last = queue.entries;
      shown = render({queue}, options);
      write_out((is_terminal && !options.json ? "\033[H\033[2J" : "") + shown +
                (is_terminal || options.json ? "" : "\n"));
    }
    change->wait();
  }
}

}  // namespace

int list_queues(const ListOptions& options, const Session& session) {
  if (options.watch) return follow(options, session);
  if (options.recursive) return list_all(options, session);
  write_out(render({read_queue(options.path, session)}, options));
  return status::kDone;
}

}  // namespace zklock::cli
