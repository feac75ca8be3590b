#include "statistics.h"

#include <array>
#include <cstdio>

namespace zklock::simulation {

namespace {

/// Each is a way that a lock may take, or a fault that may meet it.
constexpr std::array kToBeReached{
    // Faults.
    "an answer is lost: create",
    "an answer is lost: remove",
    "an answer is lost: set",
    "an answer is lost: check",
    "an answer is lost: get",
    "an answer is lost: children",
    "an answer is lost: multi",
    "delays watches",
    "breaks a connection",
    "cuts a client off",
    "stalls a client's network",
    "slows a client's network",
    "splits the network",
    "expires a session",
    "freezes a process",
    "frozen while it holds",
    "frozen while it waits",
    "kills a process",
    "killed while it holds",
    "killed while it waits",
    "moves the servers",
    "sets a process's wall clock",
    "sets the leader's clock and others'",
    "suspends a host",
    "suspends a machine",
    "throttles requests",
    "slows and throttles all that follow a lost create",
    "lets sequence numbers run out",
    "kills a server",
    "freezes a server",
    "cuts a server off from the others",
    "slows a server's commits",
    "changes the leader",
    "raises a server's session timeouts",
    "deletes the first claim",
    "deletes a waiter's claim",
    "deletes an empty directory",
    "removes an empty container",
    "makes a directory anew",
    "creates a foreign node",
    // What comes of them at the ensemble.
    "new leader",
    "session expired",
    "a client is ahead of its server",
    "a watch tells late",
    "a purge meets a newer write",
    "a frozen holder is purged",
    "a claim is purged whose turn came, and who did not take it",
    // Ways to the lock, and away from it.
    "waits as the next in line",
    "waits further back",
    "is granted without a list",
    "is granted by its first list",
    "is granted after another list",
    "is granted in another session than it began in",
    "is granted in one late attempt",
    "is granted what is gone already",
    "adopts a claim whose answer was lost",
    "queues anew",
    "does not get it in one late attempt",
    "times out",
    "finds that no server answers",
    "is canceled",
    "is canceled by the destruction of the lock",
    "destroys a lock that it holds",
    "sees a first holder",
    "sees another holder, or none",
    "purges a holder past its TTL",
    "purges a holder without a TTL",
    // While it is held, and after.
    "holds for long",
    "holds for longer than its TTL",
    "renews",
    "renews at the last moment",
    "cannot renew",
    "is too late to renew",
    "verifies",
    "cannot verify",
    "writes under its claim",
    "is too late to write",
    "cannot write",
    "does not know whether it has written",
    "has lost (the claim was deleted, by somebody else or with its session)",
    "has lost (no server confirmed the session in time)",
    "has lost (the session expired)",
    "has lost (the lock was held for longer than its TTL)",
    "(a holder that cannot know)",
    "releases",
    "finds at its release that it has lost",
    "leaves the release to the background",
};

}  // namespace

void Statistics::print() const {
  for (const auto& [what, count] : counts_) {
    std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), what.c_str());
  }
}

std::vector<std::string> Statistics::never_reached() const {
  std::vector<std::string> missing;
  for (const char* const state : kToBeReached) {
    if (of(state) == 0) missing.emplace_back(state);
  }
  return missing;
}

}  // namespace zklock::simulation
