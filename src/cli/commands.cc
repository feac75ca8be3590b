#include "cli/commands.h"

#include <zklock/zookeeper_lock.h>

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>

#include "cli/command_status.h"
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
  const ZooKeeperLock lock({.path = znode.substr(0, slash)}, session.client);
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
              "?\nA holder learns of it, but "
              "what it is doing goes on for a moment. [y/N] ")
                 .c_str(),
             stderr);
  const int answer = std::getchar();
  return answer == 'y' || answer == 'Y';
}

}  // namespace

int tell_status(const StatusOptions& options, const Session& session) {
  const ZooKeeperLock lock({.path = options.path}, session.client);
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
  const ZooKeeperLock lock({.path = options.path}, session.client);
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
      say(options.path + " is still held by " + describe_holder(holder, now()));
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
  const Result<void> removed = session.ask([&](const Context& context) {
    return session.client->remove(options.znode, ZooKeeperClient::kAnyVersion, context);
  });
  if (removed.error() == ZooKeeperErrc::no_node) {
    say(options.znode + ": it has gone by itself; nothing was removed");
    return status::kFailed;
  }
  if (!removed) {
    throw LockError(Errc::unlocking_failed, "cannot remove " + options.znode, removed.error());
  }
  write_out("broke the claim of " + describe_holder(*claim, now()) + ", fencing token " +
            std::to_string(claim->fencing_token) + ": " + claim->path + "\n");
  return status::kDone;
}

}  // namespace zklock::cli
