#include "session/evidence.h"

#include <algorithm>

namespace zklock::internal {

namespace {

/// An operation that was answered so long before a quorum write was reported by then. Half a tick
/// is at most a quarter of the session timeout, as ZooKeeper allows no timeout below two ticks; the
/// rest is a margin.
std::chrono::nanoseconds report_time(std::chrono::milliseconds timeout) {
  return std::chrono::nanoseconds(timeout) * 3 / 10;
}

/// Facts that are closer to each other than this part of the timeout are merged.
constexpr int kFactsInATimeout = 64;

}  // namespace

void Evidence::negotiated(std::chrono::milliseconds timeout) {
  timeout_ = std::min(timeout_, timeout);
}

void Evidence::handshake(BootTime begun) { stands_from_ = std::max(stands_from_, begun); }

BootTime Evidence::certain_until() const noexcept {
  if (stands_from_ == BootTime::min()) return stands_from_;
  // Less a hundredth, as clocks drift.
  return stands_from_ + std::chrono::nanoseconds(timeout_) * 99 / 100;
}

void Evidence::answered(const Answered& operation) {
  if (operation.connection != connection_) {
    connection_ = operation.connection;
    heard_.clear();
    reported_.clear();
  }
  if (operation.is_quorum_write) {
    while (!reported_.empty() && reported_.front().received <= operation.sent) {
      stands_from_ = std::max(stands_from_, reported_.front().sent);
      reported_.pop_front();
    }
    const BootTime known = operation.sent - report_time(timeout_);
    BootTime latest = BootTime::min();
    for (const Fact& fact : heard_) {
      if (fact.received <= known) latest = std::max(latest, fact.sent);
    }
    if (latest != BootTime::min()) add(reported_, {latest, operation.received});
  }
  add(heard_, {operation.sent, operation.received});
}

/// Bounds the number of facts: the last one absorbs those that come soon after the one before it.
void Evidence::add(Facts& facts, const Fact& fact) const {
  const std::chrono::nanoseconds grain = std::chrono::nanoseconds(timeout_) / kFactsInATimeout;
  if (facts.size() >= 2 && fact.received - facts[facts.size() - 2].received < grain) {
    facts.back() = {std::max(facts.back().sent, fact.sent), fact.received};
  } else {
    facts.push_back(fact);
  }
  // A fact older than a timeout proves nothing any more.
  while (facts.size() > 1 && facts.front().sent + timeout_ < fact.received) facts.pop_front();
}

}  // namespace zklock::internal
