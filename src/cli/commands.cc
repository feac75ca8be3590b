#include "cli/commands.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <string>

#include "cli/command_status.h"
#include "cli/error_detail.h"
#include "cli/queue_report.h"
#include "cli/standard_output.h"

namespace zklock::cli {
namespace {

Now now() { return std::chrono::system_clock::now(); }

void say(const std::string& line) { std::fputs(("zklock: " + line + "\n").c_str(), stderr); }

std::string waiting(const LockEntries& queue) {
  return queue.size() < 2 ? "" : "; " + std::to_string(queue.size() - 1) + " waiting";
}

/// Its claim, if that znode is one.
std::optional<LockEntry> find_claim(const std::string& znode, const Session& session) {
  const std::size_t slash = znode.rfind('/');
  if (slash == 0 || slash == std::string::npos) return std::nullopt;  // no lock is at "/"
  const ZooKeeperLock lock = session.lock(znode.substr(0, slash));
  const LockEntries queue = lock.entries(session.soon());
  const auto found = std::find_if(queue.begin(), queue.end(),
                                  [&znode](const LockEntry& entry) { return entry.path == znode; });
  return found == queue.end() ? std::nullopt : std::optional(*found);
}

/// Why `znode` is not to be broken.
int refuse(const std::string& znode, const Session& session) {
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
  std::fputs(("Break the claim of " + describe_holder(claim, now()) +
              "?\nA holder learns of it, but what it is doing goes on for a moment. [y/N] ")
                 .c_str(),
             stderr);
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

/// Removes the znode if it is still this claim: another one may have its name by now.
int remove_claim(const LockEntry& claim, const Session& session) {
  const Context limit = session.soon();
  for (bool may_be_removed = false;;) {
    const Result<Znode> seen = session.client->get(claim.path, limit);
    Result<void> removed = seen.error();
    if (seen && seen->stat.czxid != claim.fencing_token) removed = ZooKeeperErrc::no_node;
    if (seen && !removed.error()) {
      removed = session.client->remove(claim.path, seen->stat.version, limit);
      may_be_removed = may_be_removed || may_have_been_done(removed.error());
    }
    if (removed || (removed.error() == ZooKeeperErrc::no_node && may_be_removed)) {
      write_out("broke the claim of " + describe_holder(claim, now()) + ", fencing token " +
                std::to_string(claim.fencing_token) + ": " + claim.path + "\n");
      return status::kDone;
    }
    if (removed.error() == ZooKeeperErrc::no_node) {
      say(claim.path + ": it has gone by itself; nothing was removed");
      return status::kFailed;
    }
    const bool is_to_be_repeated = removed.error() == ZooKeeperErrc::bad_version ||
                                   removed.error() == ZooKeeperErrc::connection_loss ||
                                   removed.error() == ZooKeeperErrc::session_expired;
    if (is_to_be_repeated && !limit.expired()) continue;
    throw LockError(Errc::unlocking_failed,
                    "cannot remove " + claim.path + (may_be_removed ? " (it may be gone)" : ""),
                    removed.error());
  }
}

}  // namespace

int tell_status(const StatusOptions& options, const Session& session) {
  const ZooKeeperLock lock = session.lock(options.path);
  const LockEntries queue = lock.entries(session.soon());
  if (queue.empty()) {
    if (!options.quiet) write_out("free\n");
    return status::kDone;
  }
  if (!options.quiet) {
    write_out("held by " + describe_holder(*queue.begin(), now()) + waiting(queue) + "\n");
  }
  return status::kHeld;
}

int wait_until_free(const WaitOptions& options, const Session& session) {
  const ZooKeeperLock lock = session.lock(options.path);
  LockEntries queue = lock.entries(session.soon());
  while (!queue.empty()) {
    if (!options.quiet) {
      say("waiting for " + describe_holder(*queue.begin(), now()) + waiting(queue));
    }
    const LockEntry holder = *queue.begin();
    try {
      queue = lock.wait_for_change(queue, session.context);
    } catch (const LockError& error) {
      if (error.code() != Errc::locking_timed_out) throw;
      say("gave up: " + std::string(error_detail(error)) + "; last seen: held by " +
          describe_holder(holder, now()));
      return status::kNotYet;
    }
  }
  return status::kDone;
}

int break_claim(const BreakOptions& options, const Session& session) {
  const std::optional<LockEntry> claim = find_claim(options.znode, session);
  if (!claim) return refuse(options.znode, session);
  if (options.token && *options.token != claim->fencing_token) {
    say(options.znode + ": its fencing token is " + std::to_string(claim->fencing_token) +
        ", not " + std::to_string(*options.token) + "; nothing was removed");
    return status::kFailed;
  }
  if (!options.yes) {
    if (isatty(STDIN_FILENO) == 0) {
      say("nobody can be asked: standard input is no terminal. --yes breaks it without asking");
      return status::kWrongUsage;
    }
    if (!user_agrees(*claim)) {
      say("nothing was removed");
      return status::kFailed;
    }
  }
  return remove_claim(*claim, session);
}

}  // namespace zklock::cli
