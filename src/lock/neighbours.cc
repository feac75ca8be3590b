#include "lock/neighbours.h"

#include <cstddef>
#include <utility>

#include "base/znode_path.h"

namespace zklock::internal {

namespace {

/// Listing so many claims is fast.
constexpr std::size_t kShortQueue = 20;

}  // namespace

Neighbours::Neighbours(const LockCall& call, QueuedClaim& claim)
    : call_(call), claim_(claim), ahead_(std::exchange(claim.ahead, std::nullopt)) {}

/// Whether `watched` is the claim `name`, and its watch has not reported anything yet.
bool Neighbours::is_awaited(const std::optional<WatchedClaim>& watched,
                            const std::string& name) const {
  if (!watched || watched->name != name) return false;
  const MutexLock lock(call_.monitor->mutex);
  return !watched->watch->news().any();
}

bool Neighbours::is_watching_ahead(const Standing& standing) const {
  return is_awaited(ahead_, standing.ahead);
}

Result<NextStep> Neighbours::watch_ahead(const Standing& standing) {
  ahead_.reset();
  ahead_in_process_.reset();
  const auto watch = std::make_shared<ClaimWatch>(call_.monitor);
  const std::string path = join_path(call_.settings->path, standing.ahead);
  // A watch stays until its claim goes: a call that does not wait would leave one behind.
  Result<Znode> znode = call_.context.may_wait()
                            ? claim_.client->get_and_watch(path, watch, call_.context)
                            : claim_.client->get(path, call_.context);
  if (znode.error() == ZooKeeperErrc::no_node) return NextStep::list_again;
  if (!znode) return znode.error();
  if (znode->stat.ephemeral_owner == 0) return NextStep::look_again;
  ahead_ = WatchedClaim{standing.ahead, watch, std::move(*znode)};
  return NextStep::keep_waiting;
}

void Neighbours::find_ahead_in_process(const Standing& standing) {
  if (needs_no_list(standing) || !call_.settings->shares_local_queue()) return;
  ahead_in_process_ = call_.settings->local_queue->find(
      join_path(call_.settings->path, standing.ahead), ahead_->znode.stat.czxid);
}

/// The deletion of the second claim ahead is the time to find out whether the claim ahead is now
/// the first. Then the deletion of that one will be the grant, without another request. It does not
/// pay in a short queue that moves fast, where it costs more than a list between a release and the
/// grant. A claim of this process reports that it is the first.
void Neighbours::watch_second_ahead(const Standing& standing, bool is_long_wait) {
  const bool pays = is_long_wait || standing.claims_ahead > kShortQueue;
  if (standing.second_ahead.empty() || ahead_in_process_ || !pays) {
    second_ahead_.reset();
  } else if (!is_awaited(second_ahead_, standing.second_ahead)) {
    second_ahead_ =
        WatchedClaim{standing.second_ahead, std::make_shared<ClaimWatch>(call_.monitor)};
    claim_.client->watch_in_background(join_path(call_.settings->path, standing.second_ahead),
                                       second_ahead_->watch);
  }
}

void Neighbours::watch_own() {
  own_ = std::make_shared<ClaimWatch>(call_.monitor);
  claim_.client->watch_in_background(claim_.node.path(), own_);
}

bool Neighbours::own_is_gone() const {
  if (!own_) return false;
  const MutexLock lock(call_.monitor->mutex);
  return own_->news().deleted || own_->news().session_lost;
}

Neighbours::Events Neighbours::await_events(const Standing& standing, SteadyTime until,
                                            ContextWait& wait) const {
  Events events;
  MutexLock lock(call_.monitor->mutex);
  wait.wait_until(lock, until, [&]() ZKLOCK_REQUIRES(call_.monitor->mutex) {
    events.step = judge_events(standing);
    events.own_changed = own_ && own_->news().changed;
    events.second_ahead_changed = second_ahead_ && second_ahead_->watch->news().changed;
    return events.any();
  });
  return events;
}

NextStep Neighbours::judge_events(const Standing& standing) const {
  const ClaimWatch::News own = own_ ? own_->news() : ClaimWatch::News{};
  const ClaimWatch::News second = second_ahead_ ? second_ahead_->watch->news() : ClaimWatch::News{};
  const ClaimWatch::News& ahead = ahead_->watch->news();
  // Every watch reports the end of the session. The second claim ahead need not be asked.
  if (own.deleted || own.session_lost || ahead.session_lost) return NextStep::gone;
  // After a reconnect, events come in any order, and some may be missing: look.
  if (own.reconnected || ahead.reconnected || second.reconnected) return NextStep::list_again;
  if (ahead.deleted) {
    // No claim can come in front of this one. So if the claim ahead was the first (in a list that
    // was made after this claim, or later as its own thread reports), this claim is first now, and
    // a list could say no more. That holds on the connection of the watch only: across connections
    // events may be out of order.
    const bool ahead_was_first =
        standing.is_next() || (ahead_in_process_ && ahead_in_process_->was_first());
    return ahead_was_first && ahead.connection == ahead_->znode.connection ? NextStep::granted
                                                                           : NextStep::list_again;
  }
  // The list shows which claim is first now, and that the own claim, if it is not watched yet,
  // still stands.
  if (second.deleted) return NextStep::list_again;
  if (ahead.changed) return NextStep::look_again;
  return NextStep::keep_waiting;
}

}  // namespace zklock::internal
