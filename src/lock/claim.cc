#include "lock/claim.h"

#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "lock/next_step.h"
#include "lock/queueing_round.h"

namespace zklock::internal {

Claim::Claim(std::shared_ptr<const LockSettings> settings, HolderMemory& memory,
             UncontendedPath& uncontended_path, std::string owner, std::string trace,
             Context context)
    : call_{std::move(settings), memory,          uncontended_path, std::move(owner),
            std::move(context),  std::move(trace)} {}

std::shared_ptr<HeldClaim> Claim::acquire() {
  for (Backoff pause;;) {
    if (auto held = queue_once()) return held;
    pause.wait(call_.context);
    if (has_ended(call_.context)) fail(Errc::locking_timed_out);
  }
}

/// Null: the claim has gone from the queue.
std::shared_ptr<HeldClaim> Claim::queue_once() {
  const LockSettings& settings = *call_.settings;
  QueueingRound round(call_, put_into_queue());
  const Result<NextStep> step = round.run();
  if (!step) fail(step.error());
  if (*step == NextStep::granted) return round.grant();
  if (*step == NextStep::give_up) fail(Errc::locking_timed_out);
  settings.log.info(
      [&] { return with_trace("queueing anew: " + round.path() + " is gone", call_.trace); });
  settings.observe(call_.trace,
                   [&](LockObserver& observer) { observer.on_requeued(round.path()); });
  return nullptr;
}

QueuedClaim Claim::put_into_queue() const {
  Result<QueuedClaim> claim = enqueue(call_);
  if (!claim) fail(claim.error());
  return std::move(*claim);
}

/// `error`: of ZooKeeper; or `Errc::locking_timed_out`: the servers answered, but the call was not
/// to wait, or had no time left.
void Claim::fail(std::error_code error) const {
  const std::string& path = call_.settings->path;
  const std::string ahead = call_.ahead.description();
  const bool has_answers = error == Errc::locking_timed_out;
  const std::error_code cause =
      has_answers ? make_error_code(ZooKeeperErrc::operation_timeout) : error;
  if (call_.context.canceled() || error == ZooKeeperErrc::canceled) {
    throw LockError(Errc::locking_canceled, path + ahead, cause);
  }
  if (!is_retryable(cause)) {
    throw LockError(Errc::locking_failed, path + ": " + error.message(), error);
  }
  if (!ahead.empty()) {
    const bool is_known_now = call_.ahead.client && call_.ahead.client->is_connected();
    const char* const doubt = is_known_now ? "" : " (read before the connection was lost)";
    throw LockError(Errc::locking_timed_out, path + ahead + doubt, cause);
  }
  if (has_answers) {
    throw LockError(Errc::locking_timed_out,
                    path + ": the servers answered, but the time was too short", cause);
  }
  throw LockError(is_unanswered(error) ? Errc::no_server_answered : Errc::locking_timed_out,
                  path + ": " + error.message(), error);
}

}  // namespace zklock::internal
