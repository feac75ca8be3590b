#include "lock/claim_wait.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error_kinds.h"
#include "base/znode_path.h"
#include "lock/list_entries.h"
#include "queue/claim_name.h"
#include "queue/metadata.h"

namespace zklock::internal {

namespace {

using std::chrono::milliseconds;

/// A shorter wait pays neither for further watches, nor for writing that the claim waits.
constexpr milliseconds kShortWait{50};

/// A claim further back reads the holder at this time before its deadline, to name it in the error.
constexpr milliseconds kLastLook{200};

/// With a TTL, the data that the claim was created with covers a wait of less than the TTL only.
milliseconds short_wait(const LockSettings& settings) {
  return settings.has_ttl() ? std::min(kShortWait, settings.ttl / 4) : kShortWait;
}

}  // namespace

ClaimWait::ClaimWait(LockCall& call, QueuedClaim& claim, std::set<std::string>& not_claims)
    : call_(call),
      claim_(claim),
      not_claims_(not_claims),
      neighbours_(call, claim),
      purger_(call.settings->has_ttl() ? std::make_unique<Purger>(call, claim) : nullptr),
      long_wait_at_(Platform::current().steady_now() + short_wait(*call.settings)) {
  if (claim.stamp.zxid != 0 && call.settings->shares_local_queue()) {
    progress_ = call.settings->local_queue->add(claim.node.path(), claim.stamp.zxid);
  }
}

Result<NextStep> ClaimWait::wait_at(Standing standing) {
  standing_ = std::move(standing);
  call_.ahead.holder.reset();
  if (purger_) purger_->forget_plan();
  Result<NextStep> step = prepare_to_wait();
  if (ends_wait(step)) return step;
  if (!call_.context.may_wait()) {
    if (purger_ && purger_->is_due()) step = purge_holder();
    return ends_wait(step) ? step : NextStep::give_up;
  }
  report_place();
  const Context context = claim_.session_lost.stop_possible()
                              ? call_.context.with_stop_token(claim_.session_lost)
                              : call_.context;
  ContextWait wait(*call_.monitor, context);
  while (!ends_wait(step)) step = wait_for_events(wait);
  return step;
}

/// The claim ahead was read with its watch.
void ClaimWait::report_place() {
  const bool is_known = std::exchange(reported_ahead_, standing_.ahead) == standing_.ahead;
  call_.settings->observe(call_.trace, [this, is_known](LockObserver& observer) {
    const std::string& path = claim_.node.path();
    observer.on_waiting(path, standing_.claims_ahead);
    if (is_known) return;
    const auto sequence = claim_sequence(standing_.ahead, call_.settings->further_claim_markers);
    observer.on_blocked_by(
        path, entry_of(sequence.value_or(0), join_path(call_.settings->path, standing_.ahead),
                       neighbours_.ahead()));
  });
}

/// Watches the neighbours. Reads the holder if this claim may have to purge it.
Result<NextStep> ClaimWait::prepare_to_wait() {
  const SteadyTime now = Platform::current().steady_now();
  // Re-arm our own watch: its last event may have brought us here, and a deletion would be reported
  // again.
  if (neighbours_.is_watching_own()) neighbours_.watch_own();
  if (Result<NextStep> step = watch_ahead(); ends_wait(step)) return step;
  neighbours_.find_ahead_in_process(standing_);
  // A claim that lists again before the grant needs the session only then, and sees in that list
  // whether it still stands.
  const bool needs_no_list = neighbours_.needs_no_list(standing_);
  const auto& session = claim_.created.session;
  call_.reliance = needs_no_list && session ? session->keep_certain() : nullptr;
  if (!neighbours_.is_watching_own() && !watches_own_at_ &&
      (needs_no_list || call_.settings->has_ttl())) {
    watches_own_at_ = now + short_wait(*call_.settings);
  }
  if (call_.context.may_wait()) neighbours_.watch_second_ahead(standing_, is_long());
  if (standing_.is_next()) {
    note_holder(neighbours_.ahead());
  } else if (is_long() && purger_) {
    return read_holder();
  }
  return NextStep::keep_waiting;
}

Result<NextStep> ClaimWait::watch_ahead() {
  if (neighbours_.is_watching_ahead(standing_)) return NextStep::keep_waiting;
  const Result<NextStep> step = neighbours_.watch_ahead(standing_);
  if (!step || *step == NextStep::list_again) return step;
  call_.retry_backoff = Backoff();
  if (*step == NextStep::look_again) not_claims_.insert(standing_.ahead);
  return step;
}

Result<NextStep> ClaimWait::wait_for_events(ContextWait& wait) {
  const Neighbours::Events events = neighbours_.await_events(standing_, wakes_at(), wait);
  if (claim_.session_lost.stop_requested()) return NextStep::gone;
  if (events.step != NextStep::keep_waiting) return events.step;
  if (has_ended(call_.context)) return NextStep::give_up;
  if (events.own_changed) neighbours_.watch_own();
  if (events.second_ahead_changed) neighbours_.watch_second_ahead(standing_, is_long());
  return do_what_is_due();
}

SteadyTime ClaimWait::wakes_at() const {
  const auto or_never = [](std::optional<SteadyTime> time) {
    return time.value_or(SteadyTime::max());
  };
  SteadyTime time = std::min(or_never(long_wait_at_), or_never(last_look_at_));
  if (!neighbours_.is_watching_own()) time = std::min(time, or_never(watches_own_at_));
  if (purger_) time = std::min(time, or_never(purger_->due_at()));
  return time;
}

Result<NextStep> ClaimWait::do_what_is_due() {
  const SteadyTime now = Platform::current().steady_now();
  const auto is_due = [now](std::optional<SteadyTime> time) { return time && *time <= now; };
  if (is_due(long_wait_at_)) return begin_long_wait();
  if (!neighbours_.is_watching_own() && is_due(watches_own_at_)) neighbours_.watch_own();
  if (is_due(last_look_at_)) {
    last_look_at_.reset();
    if (!standing_.is_next()) return read_holder();
  }
  if (purger_ && is_due(purger_->due_at())) return purge_holder();
  return NextStep::keep_waiting;
}

Result<NextStep> ClaimWait::begin_long_wait() {
  long_wait_at_.reset();
  // When this wait began, the claim ahead may not have been registered yet.
  neighbours_.find_ahead_in_process(standing_);
  // No list will show that the own claim stands.
  if (neighbours_.is_ahead_in_process() && !neighbours_.is_watching_own()) neighbours_.watch_own();
  neighbours_.watch_second_ahead(standing_, is_long());
  if (purger_) {
    if (Result<NextStep> step = say_that_it_waits(); ends_wait(step)) return step;
  }
  if (standing_.is_next()) return NextStep::keep_waiting;
  if (purger_) return read_holder();
  if (const auto deadline = call_.context.deadline()) last_look_at_ = *deadline - kLastLook;
  return NextStep::keep_waiting;
}

/// Kafka-kit purges the claim just ahead of it, also a waiting one, once its deadline has passed.
/// So the deadline has to cover the wait.
Result<NextStep> ClaimWait::say_that_it_waits() {
  const LockSettings& settings = *call_.settings;
  Metadata metadata = settings.metadata(call_.owner, call_.trace);
  metadata.waiting = true;
  metadata.ttl_once_granted = settings.ttl;
  metadata.ttl_deadline.reset();
  if (const auto deadline = call_.context.deadline()) {
    const std::chrono::nanoseconds left =
        saturated_difference(*deadline, Platform::current().steady_now());
    const WallTime end = saturated_sum(metadata.timestamp, saturated_sum(left, settings.ttl));
    if (end != WallTime::max()) metadata.ttl_deadline = end;
  }
  const Result<void> written = claim_.node.rewrite(*claim_.client, metadata, call_.context);
  if (written) return NextStep::keep_waiting;
  if (written.error() == ZooKeeperErrc::no_node || written.error() == ZooKeeperErrc::bad_version) {
    return NextStep::gone;
  }
  return written.error();
}

/// For a claim further back: no watch reports the holder's changes to it.
Result<NextStep> ClaimWait::read_holder() {
  const Result<Znode> holder = claim_.client->get(call_.ahead.holder_path, call_.context);
  if (!holder) {
    if (holder.error() == ZooKeeperErrc::no_node) return NextStep::list_again;
    // The wait does not depend on it.
    if (purger_) purger_->plan_another_look();
    return NextStep::keep_waiting;
  }
  if (holder->stat.ephemeral_owner == 0) {
    not_claims_.insert(standing_.holder);
    return NextStep::look_again;
  }
  note_holder(*holder);
  return NextStep::keep_waiting;
}

void ClaimWait::note_holder(const Znode& holder) {
  call_.ahead.holder = call_.memory.see(standing_.holder, holder.stat, parse_metadata(holder.data),
                                        Platform::current().steady_now());
  if (purger_) purger_->plan(standing_);
}

/// The holder's time is over, or was when it was last read.
Result<NextStep> ClaimWait::purge_holder() {
  if (!standing_.is_next()) {
    call_.ahead.holder.reset();
    if (Result<NextStep> step = read_holder(); ends_wait(step)) return step;
    if (!call_.ahead.holder) return NextStep::keep_waiting;  // it could not be read
  }
  return purger_->purge(standing_);
}

}  // namespace zklock::internal
