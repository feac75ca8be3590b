#include "cli/break_command.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>
#include <system_error>

#include "cli/command_status.h"
#include "cli/standard_error.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

/// Its claim, if that znode is one.
std::optional<LockEntry> find_claim(const std::string& znode, const CommandSession& session) {
  const std::size_t slash = znode.rfind('/');
  if (slash == 0 || slash == std::string::npos) return std::nullopt;  // no lock is at "/"
  const LockEntries queue = session.queue(znode.substr(0, slash)).entries;
  const auto found = std::find_if(queue.begin(), queue.end(),
                                  [&znode](const LockEntry& entry) { return entry.path == znode; });
  return found == queue.end() ? std::nullopt : std::optional(*found);
}

/// Why `znode` is not to be broken.
int refuse(const std::string& znode, const CommandSession& session) {
  const Result<Znode> found =
      session.ask([&](const Context& context) { return session.client->get(znode, context); });
  if (found.error() == ZooKeeperErrc::no_node) {
    say(znode + ": there is no such znode (any more); nothing was removed");
  } else if (!found) {
    throw LockError(Errc::locking_failed, "cannot read " + znode, found.error());
  } else {
    say(znode + ": this is no claim of a lock; nothing was removed. zklock ls shows claims");
  }
  return status::kFailed;
}

bool user_agrees(const LockEntry& claim) {
  std::fputs(("Break the claim of " + describe(claim, now()) +
              "?\nA holder learns of it, but what it is doing goes on for a moment. [y/N] ")
                 .c_str(),
             stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// One attempt. `no_node` also if another claim has the name by now.
Result<void> remove_once(const LockEntry& claim, const CommandSession& session,
                         const Context& limit) {
  const Result<Znode> seen = session.client->get(claim.path, limit);
  if (!seen) return seen.error();
  if (seen->stat.czxid != claim.fencing_token) return ZooKeeperErrc::no_node;
  return session.client->remove(claim.path, seen->stat.version, limit);
}

bool is_to_be_repeated(std::error_code error) {
  return error == ZooKeeperErrc::bad_version ||  // it was renewed between the two requests
         error == ZooKeeperErrc::connection_loss || error == ZooKeeperErrc::session_expired;
}

/// False: it had gone before.
bool remove_claim(const LockEntry& claim, const CommandSession& session) {
  const Context limit = session.soon();
  for (bool may_be_removed = false;;) {
    const Result<void> removed = remove_once(claim, session, limit);
    if (removed) return true;
    if (removed.error() == ZooKeeperErrc::no_node) return may_be_removed;
    may_be_removed = may_be_removed || may_have_been_done(removed.error());
    if (is_to_be_repeated(removed.error()) && !limit.expired()) continue;
    throw LockError(Errc::unlocking_failed,
                    "cannot remove " + claim.path + (may_be_removed ? " (it may be gone)" : ""),
                    removed.error());
  }
}

}  // namespace

int run(const BreakOptions& options, const CommandSession& session) {
  const std::optional<LockEntry> claim = find_claim(options.path, session);
  if (!claim) return refuse(options.path, session);
  if (options.token && *options.token != claim->fencing_token) {
    say(options.path + ": its fencing token is " + std::to_string(claim->fencing_token) + ", not " +
        std::to_string(*options.token) + "; nothing was removed");
    return status::kFailed;
  }
  if (!options.yes && isatty(STDIN_FILENO) == 0) {
    say("nobody can be asked: standard input is no terminal. --yes breaks it without asking");
    return status::kWrongUsage;
  }
  if (!options.yes && !user_agrees(*claim)) {
    say("nothing was removed");
    return status::kFailed;
  }
  if (!remove_claim(*claim, session)) {
    say(options.path + ": it had gone before; nothing was removed");
    return status::kFailed;
  }
  write_out("broke the claim of " + describe(*claim, now()) + ", fencing token " +
            std::to_string(claim->fencing_token) + ": " + claim->path + "\n");
  return status::kDone;
}

}  // namespace zklock::cli
