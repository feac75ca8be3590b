#include "cli/list_command.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/command_status.h"
#include "cli/follow_queue.h"
#include "cli/standard_error.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

std::string join(const std::string& parent, const std::string& name) {
  return parent == "/" ? "/" + name : parent + "/" + name;
}

/// What was found, and what may not be read.
struct Found {
  std::vector<Queue> queues{};
  std::vector<std::string> refused{};
};

/// Adds the children to those that are still to be visited. Claims have no children.
void visit(const std::string& path, const std::vector<std::string>& names,
           const CommandSession& session, Found& found, std::vector<std::string>& to_visit) {
  std::set<std::string> claims;
  if (path != "/" && !names.empty()) {
    Queue queue = session.queue(path);
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
Found find_queues(const std::string& root, const CommandSession& session) {
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

int list_all(const ListOptions& options, const CommandSession& session) {
  const Found found = find_queues(options.path, session);
  if (found.queues.empty() && !options.json) {
    write_out(options.path + ": no lock is held here, nor below\n");
  } else {
    write_out(render(found.queues, options.json));
  }
  for (const std::string& path : found.refused) {
    say("cannot list " + path + ": no permission");
  }
  return found.refused.empty() ? status::kDone : status::kNoPermission;
}

}  // namespace

int run(const ListOptions& options, const CommandSession& session) {
  if (options.watch) follow_queue(options, session);
  if (options.recursive) return list_all(options, session);
  write_out(render({session.queue(options.path)}, options.json));
  return status::kDone;
}

}  // namespace zklock::cli
