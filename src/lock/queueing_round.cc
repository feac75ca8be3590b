#include "lock/queueing_round.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <vector>

#include "base/error_kinds.h"
#include "base/of_this_process.h"
#include "base/znode_path.h"
#include "lock/claim_order.h"
#include "queue/standing.h"

namespace zklock::internal {

namespace {

/// A failing `lock` waits for this long until its claim is gone. Then the removal continues in the
/// background.
constexpr std::chrono::milliseconds kGiveUpPatience{30};
/// A claim is written anew so often because the answers took half its TTL. While its session
/// becomes certain, for so many session timeouts as well.
constexpr int kMostWritesOfAGrant = 10;
constexpr int kTimeoutsForEvidence = 3;

/// A client's own session may never say that it is certain enough.
constexpr int kMostLooks = 4;

bool is_certain(const Session& session, std::chrono::nanoseconds in_hand) {
  return saturated_difference(session.certain_until(), Platform::current().steady_now()) >= in_hand;
}

/// A lease that would end at once is not handed out.
std::chrono::nanoseconds needed_for_a_grant(const Session& session) {
  return std::chrono::nanoseconds(session.timeout()) / 4;
}

}  // namespace

QueueingRound::QueueingRound(LockCall& call, QueuedClaim claim)
    : call_(call), claim_(std::move(claim)) {}

QueueingRound::~QueueingRound() { give_up(); }

Result<NextStep> QueueingRound::run() {
  const Result<NextStep> step = await_turn();
  if (!step || *step != NextStep::granted) return step;
  if (wait_) wait_->become_first();
  call_.uncontended_path.became_first(claim_.client, call_.settings->path, claim_.created,
                                      !wait_.has_value(), call_.context);
  const Result<NextStep> claimed = claim_the_lock();
  // The event of the own deletion may have come behind the one that made this claim the first.
  if (claimed && *claimed == NextStep::granted && wait_ && wait_->own_is_gone()) {
    return NextStep::gone;
  }
  return claimed;
}

/// Lists and waits until the claim is the first.
Result<NextStep> QueueingRound::await_turn() {
  Result<Children> queue = std::move(claim_.first_list);
  for (;;) {
    if (queue.error() == ZooKeeperErrc::no_node) return NextStep::gone;
    const Result<NextStep> step = queue ? take_place(*queue) : queue.error();
    if (!step) {
      if (!is_retryable(step.error())) return step;
      call_.retry_backoff.wait(call_.context);
    } else if (*step != NextStep::list_again) {
      return step;
    }
    if (has_ended(call_.context)) return step ? NextStep::give_up : step;
    if (claim_.session_lost.stop_requested()) return NextStep::gone;
    queue = claim_.client->children(call_.settings->path, call_.context);
  }
}

/// Takes the places that this list shows, until only a new list can help.
Result<NextStep> QueueingRound::take_place(const Children& queue) {
  Result<NextStep> step = take_place_once(queue);
  while (step && *step == NextStep::look_again) step = take_place_once(queue);
  return step;
}

Result<NextStep> QueueingRound::take_place_once(const Children& queue) {
  const LockSettings& settings = *call_.settings;
  const Result<std::vector<ClaimName>> claims =
      claims_in_order(*claim_.client, settings.path, queue.names, settings.further_claim_markers,
                      not_claims_, call_.context);
  if (!claims) return claims.error();
  Standing standing = standing_of(name_of(path()), *claims);
  call_.ahead.claims_ahead = standing.claims_ahead;
  call_.ahead.client = claim_.client;
  switch (standing.place) {
    case Standing::Place::missing:
      return NextStep::gone;
    case Standing::Place::first:
      return NextStep::granted;
    case Standing::Place::behind:
      break;
  }
  call_.ahead.holder_path = join_path(settings.path, standing.holder);
  call_.memory.listed(standing.holder, claim_.stamp.zxid);
  if (!wait_) wait_.emplace(call_, claim_, not_claims_);
  return wait_->wait_at(std::move(standing));
}

/// The claim is first. With a TTL, it must say from now on how long it may be held. If it was first
/// at once, it says so already. Otherwise it is written: the write finds out whether somebody has
/// purged or changed the claim, and so decides whether it is granted. The others count the TTL from
/// this write. So if it takes long until the lease can be handed out, the claim is written again:
/// else it would be purged while its session becomes certain.
Result<NextStep> QueueingRound::claim_the_lock() {
  if (!call_.settings->has_ttl()) return become_certain(call_.context);
  const auto begun = Platform::current().steady_now();
  int late_writes = 0;
  int rounds = 0;
  Result<NextStep> step = wait_ ? write_the_claim() : NextStep::keep_waiting;
  while (!ends_wait(step)) {
    ++(time_for_a_grant().count() > 0 ? rounds : late_writes);
    step = become_certain_in_time();
    if (ends_wait(step)) return step;
    if (has_ended(call_.context)) return NextStep::give_up;
    const auto waited = Platform::current().steady_now() - begun;
    const bool has_had_time = rounds >= kMostWritesOfAGrant && waited >= time_for_evidence();
    if (late_writes >= kMostWritesOfAGrant || has_had_time) fail_as_too_late();
    step = write_the_claim();
  }
  return step;
}

/// `keep_waiting`: it is written. `gone`: somebody has purged or changed it.
Result<NextStep> QueueingRound::write_the_claim() {
  const LockSettings& settings = *call_.settings;
  claim_.sent_at = Platform::current().boot_now();
  const Result<void> written = claim_.node.rewrite(
      *claim_.client, settings.metadata(call_.owner, call_.trace), call_.context);
  if (written.error() == ZooKeeperErrc::no_node || written.error() == ZooKeeperErrc::bad_version) {
    return NextStep::gone;
  }
  if (!written) return written.error();
  return NextStep::keep_waiting;
}

/// `keep_waiting`: half of the TTL is over since the claim was written. A lease that is half over
/// is not handed out.
Result<NextStep> QueueingRound::become_certain_in_time() {
  const std::chrono::nanoseconds left = time_for_a_grant();
  if (left.count() <= 0) return NextStep::keep_waiting;
  const Result<NextStep> certain = become_certain(call_.context.with_timeout(left));
  if (time_for_a_grant().count() > 0) return certain;
  const bool may_try_again = certain ? *certain == NextStep::granted
                                     : is_retryable(certain.error()) && !has_ended(call_.context);
  return may_try_again ? NextStep::keep_waiting : certain;
}

/// Until half the TTL is over since the claim was written: a lease with less is not handed out.
std::chrono::nanoseconds QueueingRound::time_for_a_grant() const {
  const std::chrono::nanoseconds used_up = Platform::current().boot_now() - claim_.sent_at;
  return std::chrono::nanoseconds(call_.settings->ttl) / 2 - used_up;
}

/// Evidence takes less than one session timeout, unless each answer takes a large part of it.
std::chrono::nanoseconds QueueingRound::time_for_evidence() const {
  const auto& session = claim_.created.session;
  if (!session) return std::chrono::nanoseconds(0);
  return kTimeoutsForEvidence * std::chrono::nanoseconds(session->timeout());
}

/// The next one in line may fare better.
void QueueingRound::fail_as_too_late() const {
  const auto& session = claim_.created.session;
  const bool has_evidence = !session || is_certain(*session, needed_for_a_grant(*session));
  throw LockError(
      Errc::locking_failed,
      call_.settings->path +
          (has_evidence ? ": the servers take longer to answer than half the TTL"
                        : ": the servers answer too slowly to make it certain within half "
                          "the TTL that the session stands"));
}

/// A lease is valid only while its session is certain to stand. Usually it is certain enough. After
/// a reconnect, or a pause of the process, this may take a third of the session timeout. Meanwhile
/// somebody may have deleted the claim, and others may have been granted since: so a look at the
/// own claim comes last.
Result<NextStep> QueueingRound::become_certain(const Context& context) {
  const auto& session = claim_.created.session;
  if (session) {
    call_.reliance = session->keep_certain();
    const std::chrono::nanoseconds in_hand = needed_for_a_grant(*session);
    for (int looks = 0; !is_certain(*session, in_hand) && looks < kMostLooks; ++looks) {
      // The first look alone is often enough: with the create it makes two quorum writes, which is
      // what evidence takes.
      if (looks > 0) {
        const Result<void> certain = session->become_certain(in_hand, context);
        if (certain.error() == ZooKeeperErrc::session_expired) return NextStep::gone;
        if (!certain && !claim_.session_lost.stop_requested()) return certain.error();
      }
      const Result<NextStep> own = look_at_own_claim(context);
      if (!own || *own == NextStep::gone) return own;
    }
  }
  return claim_.session_lost.stop_requested() ? NextStep::gone : NextStep::granted;
}

/// Through the quorum. `granted`: it stands.
Result<NextStep> QueueingRound::look_at_own_claim(const Context& context) {
  for (;;) {
    const Result<void> stands = claim_.client->check(path(), ZooKeeperClient::kAnyVersion, context);
    if (stands) return NextStep::granted;
    if (stands.error() == ZooKeeperErrc::no_node) return NextStep::gone;
    if (!is_retryable(stands.error())) return stands.error();
    call_.retry_backoff.wait(context);
    if (has_ended(context)) return stands.error();
    if (claim_.session_lost.stop_requested()) return NextStep::gone;
  }
}

std::shared_ptr<HeldClaim> QueueingRound::grant() {
  const LockSettings& settings = *call_.settings;
  std::optional<BootTime> ttl_end;
  if (settings.has_ttl()) ttl_end = saturated_sum(claim_.sent_at, settings.ttl);
  auto held = make_of_this_process<HeldClaim>(call_.settings, claim_.client, claim_.created,
                                              claim_.node, call_.owner, call_.trace, ttl_end);
  claim_.node = ClaimNode();  // now it is not ours to give up
  held->begin_hold(wait_ ? wait_->take_own_watch() : nullptr, wait_.has_value());
  return held;
}

void QueueingRound::give_up() noexcept {
  if (path().empty()) return;
  // Kept until the claim is gone, or is to be removed in the background.
  const std::shared_ptr<void> reservation = std::move(claim_.created.reservation);
  const std::string path = std::exchange(claim_.node, ClaimNode()).path();
  if (claim_.session_lost.stop_requested()) return;  // the claim is gone with its session
  try {
    const Result<void> removed = claim_.client->remove(path, ZooKeeperClient::kAnyVersion,
                                                       Context().with_timeout(kGiveUpPatience));
    if (removed || removed.error() == ZooKeeperErrc::no_node) return;
    claim_.client->remove_and_report(path, call_.settings->removal_of_claim(call_.trace));
  } catch (...) {
    call_.settings->log.error(
        [&] { return with_trace("could not begin to remove " + path, call_.trace); });
  }
}

}  // namespace zklock::internal
