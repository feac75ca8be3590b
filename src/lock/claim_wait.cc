// claim_wait.cc: how a claim waits behind another one: for its deletion, and with a TTL for its
// time to be over.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/context_wait.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "base/znode_path.h"
#include "lock/claim.h"

namespace zklock::internal {

namespace {

using std::chrono::milliseconds;

/// A wait that is over sooner does not pay for further watches, nor for saying that it waits.
constexpr milliseconds kShortWait{50};

/// So many claims ahead are listed fast.
constexpr std::size_t kShortQueue = 20;

/// By how much a waiter further back leaves the purging to the one in front of it.
constexpr milliseconds kBackupDelay{150};
constexpr std::size_t kMostBackupDelays = 8;

/// How long before its deadline a waiter further back reads who holds the lock, to be able to say.
constexpr milliseconds kLastLook{200};

/// How often a waiter further back at least looks whether the head is past its TTL.
constexpr milliseconds kLeastLook{1'000};

/// With a TTL, the claim as created covers a wait of less than the TTL only.
milliseconds short_wait(const LockSettings& settings) {
  return settings.has_ttl() ? std::min(kShortWait, settings.ttl / 4) : kShortWait;
}

}  // namespace

Claim::NextStep Claim::wait_behind(const Standing& standing, const Context& context) {
  const SteadyTime now = Platform::current().steady_now();
  if (!std::exchange(waited_, true)) begin_to_wait();
  holder_.reset();
  purge_at_.reset();
  // What it has told is why this is a new look, or is told again: deletions are.
  if (own_watch_) watch_own_claim();
  if (const auto turn = watch_ahead(standing, context)) return *turn;
  find_progress(standing);
  // Others find out when they list again whether their claim still stands.
  const bool needs_no_list = standing.is_next() || ahead_->progress;
  reliance_ = needs_no_list && created_.session ? created_.session->keep_certain() : nullptr;
  if (!own_watch_ && !watches_itself_at_ && (needs_no_list || settings_->has_ttl())) {
    watches_itself_at_ = now + short_wait(*settings_);
  }
  if (context.may_wait()) watch_further(standing);
  if (standing.is_next()) {
    note_holder(standing, ahead_->znode);
  } else if (is_long_wait_ && settings_->has_ttl()) {
    if (const auto turn = read_holder(standing, context)) return *turn;
  }
  if (!context.may_wait()) {
    if (purge_at_ && *purge_at_ <= Platform::current().steady_now()) {
      if (const auto turn = purge_holder(standing, context)) return *turn;
    }
    fail(ZooKeeperErrc::operation_timeout, context);
  }
  settings_->observe(
      [&](LockObserver& observer) { observer.on_waiting(node_.path(), standing.claims_ahead); });
  return await_news(standing, context);
}

void Claim::begin_to_wait() {
  long_wait_at_ = Platform::current().steady_now() + short_wait(*settings_);
  if (created_stamp_.zxid != 0 && tells_others()) {
    progress_ = settings_->local_queue->add(node_.path(), created_stamp_.zxid);
  }
}

/// Whether the claim ahead is one of this process, which tells what becomes of it.
void Claim::find_progress(const Standing& standing) {
  if (standing.is_next() || ahead_->progress || !tells_others()) return;
  ahead_->progress = settings_->local_queue->find(join_path(settings_->path, standing.ahead),
                                                  ahead_->znode.stat.czxid);
}

/// Locks that take different children for claims have different firsts.
bool Claim::tells_others() const { return settings_->further_claim_markers.empty(); }

/// Reads and watches the claim ahead, unless an earlier watch on it still has to tell something.
std::optional<Claim::NextStep> Claim::watch_ahead(const Standing& standing,
                                                  const Context& context) {
  if (is_awaited(ahead_, standing.ahead)) return std::nullopt;
  ahead_.reset();
  const auto watch = std::make_shared<ClaimWatch>(monitor_);
  const std::string path = join_path(settings_->path, standing.ahead);
  // A watch stays until that claim goes, which one that does not wait would leave behind.
  Result<Znode> znode = context.may_wait() ? client_->get_and_watch(path, watch, context)
                                           : client_->get(path, context);
  if (!znode) {
    if (znode.error() == ZooKeeperErrc::no_node) return NextStep::list_again;
    if (!retries(znode.error(), context)) fail(znode.error(), context);
    retry_backoff_.wait(context);
    return NextStep::list_again;
  }
  retry_backoff_ = Backoff();
  if (znode->stat.ephemeral_owner == 0) {
    not_claims_.insert(standing.ahead);
    return NextStep::look_again;
  }
  ahead_ = Watched{standing.ahead, watch, std::move(*znode)};
  return std::nullopt;
}

/// When the one in front of the claim ahead is deleted, it is time to find out whether the claim
/// ahead is the first: then its deletion will be the grant, and nothing has to be asked then. In a
/// short queue that moves fast, that would cost more than a list between a release and the grant. A
/// claim of this process tells by itself.
void Claim::watch_further(const Standing& standing) {
  const bool pays = is_long_wait_ || standing.claims_ahead > kShortQueue;
  if (standing.second_ahead.empty() || ahead_->progress || !pays) {
    second_ahead_.reset();
  } else if (!is_awaited(second_ahead_, standing.second_ahead)) {
    second_ahead_ = Watched{standing.second_ahead, std::make_shared<ClaimWatch>(monitor_)};
    client_->watch_in_background(join_path(settings_->path, standing.second_ahead),
                                 second_ahead_->watch);
  }
}

/// Whether `watched` is the claim of that name, and has still to tell something.
bool Claim::is_awaited(const std::optional<Watched>& watched, const std::string& name) const {
  if (!watched || watched->name != name) return false;
  const MutexLock lock(monitor_->mutex);
  return !watched->watch->news().any();
}

Claim::NextStep Claim::await_news(const Standing& standing, const Context& context) {
  const Context waiting =
      session_lost_.stop_possible() ? context.with_stop_token(session_lost_) : context;
  ContextWait wait(*monitor_, waiting);
  for (;;) {
    std::optional<NextStep> turn;
    bool own_changed = false;
    bool further_changed = false;
    {
      MutexLock lock(monitor_->mutex);
      wait.wait_until(lock, wakes_at(), [&] {
        turn = judge_events(standing);
        own_changed = own_watch_ && own_watch_->news().changed;
        further_changed = second_ahead_ && second_ahead_->watch->news().changed;
        return turn || own_changed || further_changed;
      });
    }
    if (session_lost_.stop_requested()) return NextStep::gone;
    if (turn) return *turn;
    if (has_ended(context)) fail(ZooKeeperErrc::operation_timeout, context);
    if (own_changed) watch_own_claim();
    if (further_changed) watch_further(standing);
    turn = do_what_is_due(standing, context);
    if (turn) return *turn;
  }
}

SteadyTime Claim::wakes_at() const {
  SteadyTime time = purge_at_.value_or(SteadyTime::max());
  if (!is_long_wait_) time = std::min(time, long_wait_at_);
  if (!own_watch_ && watches_itself_at_) time = std::min(time, *watches_itself_at_);
  if (last_look_at_) time = std::min(time, *last_look_at_);
  return time;
}

std::optional<Claim::NextStep> Claim::do_what_is_due(const Standing& standing,
                                                     const Context& context) {
  const SteadyTime now = Platform::current().steady_now();
  if (!is_long_wait_ && now >= long_wait_at_) return enter_long_wait(standing, context);
  if (!own_watch_ && watches_itself_at_ && now >= *watches_itself_at_) watch_own_claim();
  if (last_look_at_ && now >= *last_look_at_) {
    last_look_at_.reset();
    if (!standing.is_next()) return read_holder(standing, context);
  }
  if (purge_at_ && now >= *purge_at_) return purge_holder(standing, context);
  return std::nullopt;
}

/// REQUIRES: monitor_->mutex is held.
std::optional<Claim::NextStep> Claim::judge_events(const Standing& standing) const {
  const ClaimWatch::News own = own_watch_ ? own_watch_->news() : ClaimWatch::News{};
  const ClaimWatch::News further =
      second_ahead_ ? second_ahead_->watch->news() : ClaimWatch::News{};
  const ClaimWatch::News& ahead = ahead_->watch->news();
  // All three are told of the end of the session, if it was one session's watches: one is enough.
  if (own.deleted || own.session_lost || ahead.session_lost) return NextStep::gone;
  // After a reconnect, events come in any order, and none may have been for us: look.
  if (own.reconnected || ahead.reconnected || further.reconnected) return NextStep::list_again;
  if (ahead.deleted) {
    // Nothing can come in front of a claim. So if the one ahead was the first, when it was listed
    // after this claim was made, or later as its own process knows, this one is first now, and no
    // list could say more. On another connection than that of the watch the order of events is not
    // theirs.
    const bool ahead_was_first =
        standing.is_next() || (ahead_->progress && ahead_->progress->was_first());
    return ahead_was_first && ahead.connection == ahead_->znode.connection ? NextStep::granted
                                                                           : NextStep::list_again;
  }
  // The list tells who is the first now, and that the own claim, which nobody watches yet, stands.
  if (further.deleted) return NextStep::list_again;
  if (ahead.changed) return NextStep::look_again;
  return std::nullopt;
}

/// The wait is a long one.
std::optional<Claim::NextStep> Claim::enter_long_wait(const Standing& standing,
                                                      const Context& context) {
  is_long_wait_ = true;
  // Its thread may not have known yet that it waits, when this one began to.
  find_progress(standing);
  if (ahead_->progress && !own_watch_) watch_own_claim();
  watch_further(standing);
  if (settings_->has_ttl()) {
    if (const auto turn = say_that_it_waits(context)) return turn;
  }
  if (standing.is_next()) return std::nullopt;
  if (settings_->has_ttl()) return read_holder(standing, context);
  if (const auto deadline = context.deadline()) last_look_at_ = *deadline - kLastLook;
  return std::nullopt;
}

/// Kafka-kit purges whatever is just ahead of it, waiters too, once their deadline has passed: let
/// it cover the wait.
std::optional<Claim::NextStep> Claim::say_that_it_waits(const Context& context) {
  Metadata metadata = settings_->metadata(owner_);
  metadata.waiting = true;
  metadata.ttl_once_granted = settings_->ttl;
  metadata.ttl_deadline.reset();
  if (const auto deadline = context.deadline()) {
    const std::chrono::nanoseconds left =
        saturated_difference(*deadline, Platform::current().steady_now());
    const WallTime end = saturated_sum(metadata.timestamp, saturated_sum(left, settings_->ttl));
    if (end != WallTime::max()) metadata.ttl_deadline = end;
  }
  const Result<void> written = node_.rewrite(*client_, metadata, context);
  if (written) return std::nullopt;
  if (written.error() == ZooKeeperErrc::no_node || written.error() == ZooKeeperErrc::bad_version) {
    return NextStep::gone;
  }
  fail(written.error(), context);
}

void Claim::watch_own_claim() {
  own_watch_ = std::make_shared<ClaimWatch>(monitor_);
  client_->watch_in_background(node_.path(), own_watch_);
}

/// For a waiter further back: who holds the lock, and until when he may. It is not told of the
/// head's changes, and asks again when it would purge.
std::optional<Claim::NextStep> Claim::read_holder(const Standing& standing,
                                                  const Context& context) {
  const Result<Znode> head = client_->get(holder_path_, context);
  if (!head) {
    if (head.error() == ZooKeeperErrc::no_node) return NextStep::list_again;
    // It is not what this claim waits for.
    if (settings_->has_ttl()) purge_at_ = Platform::current().steady_now() + kLeastLook;
    return std::nullopt;
  }
  if (head->stat.ephemeral_owner == 0) {
    not_claims_.insert(standing.holder);
    return NextStep::look_again;
  }
  note_holder(standing, *head);
  return std::nullopt;
}

void Claim::note_holder(const Standing& standing, const Znode& head) {
  const SteadyTime now = Platform::current().steady_now();
  holder_ = memory_.see(standing.holder, head.stat, parse_metadata(head.data), now);
  if (!settings_->has_ttl()) return;
  purge_at_ = purge_time(*holder_, PurgeRule{settings_->ttl, settings_->purge_without_ttl},
                         created_stamp_, now, Platform::current().wall_now());
  if (standing.is_next()) return;
  const auto delays = static_cast<int>(std::min(standing.claims_ahead - 1, kMostBackupDelays));
  if (purge_at_) *purge_at_ = saturated_sum(*purge_at_, kBackupDelay * delays);
  const SteadyTime look_at =
      now + std::max<std::chrono::nanoseconds>(settings_->ttl, kLeastLook) + kBackupDelay * delays;
  purge_at_ = std::min(purge_at_.value_or(look_at), look_at);
}

/// The holder's time is over, or was when it was last looked at.
std::optional<Claim::NextStep> Claim::purge_holder(const Standing& standing,
                                                   const Context& context) {
  if (!standing.is_next()) {
    holder_.reset();
    if (const auto turn = read_holder(standing, context)) return turn;
    if (!holder_) return std::nullopt;  // it could not be read
  }
  // Again, as clocks may have been set meanwhile, and the head of a waiter further back have
  // changed.
  const SteadyTime now = Platform::current().steady_now();
  const std::optional<SteadyTime> time =
      purge_time(*holder_, PurgeRule{settings_->ttl, settings_->purge_without_ttl}, created_stamp_,
                 now, Platform::current().wall_now());
  if (!time || *time > now) {
    if (standing.is_next()) purge_at_ = time;
    return std::nullopt;
  }
  // By version: a renewal, or the claiming of the lock, always beats a purge that was decided
  // before it.
  const Result<void> purged = client_->remove(holder_path_, holder_->stat.version, context);
  if (purged) {
    settings_->log.warning(
        [this] { return "purged " + holder_path_ + ", which was past its TTL"; });
    settings_->observe([this](LockObserver& observer) { observer.on_purged(holder_path_); });
    return NextStep::list_again;
  }
  if (purged.error() == ZooKeeperErrc::no_node || purged.error() == ZooKeeperErrc::bad_version) {
    // The server that is read from is behind, for a moment usually.
    if (std::exchange(purged_in_vain_, holder_path_) != holder_path_) vain_purges_ = Backoff();
    vain_purges_.wait(context);
    return NextStep::list_again;
  }
  if (purged.error() == ZooKeeperErrc::no_auth) {
    throw LockError(Errc::expire_lock_failed, holder_path_ + ": " + purged.error().message(),
                    purged.error());
  }
  if (!retries(purged.error(), context)) fail(purged.error(), context);
  retry_backoff_.wait(context);
  return NextStep::list_again;
}

}  // namespace zklock::internal
