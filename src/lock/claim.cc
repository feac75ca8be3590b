#include "lock/claim.h"

#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "lock/next_step.h"
#include "lock/queueing_round.h"

namespace zklock::internal {

Claim::Claim(std::shared_ptr<const LockSettings> settings, HolderMemory& memory,
             UncontendedPath& uncontended_path, std::string owner, Context context)
    : call_{std::move(settings), memory, uncontended_path, std::move(owner), std::move(context)} {}

std::shared_ptr<HeldClaim> Claim::acquire() {
  const LockSettings& settings = *call_.settings;
  for (Backoff pause;; pause.wait(call_.context)) {
    QueueingRound round(call_, put_into_queue());
    const Result<NextStep> step = round.run();
    if (!step) fail(step.error());
    if (*step == NextStep::granted) return round.grant();
    if (*step == NextStep::give_up) fail(ZooKeeperErrc::operation_timeout);
    settings.log.info([&] { return "queueing anew: " + round.path() + " is gone"; });
    settings.observe([&](LockObserver& observer) { observer.on_requeued(round.path()); });
    round.give_up();
    if (has_ended(call_.context)) fail(ZooKeeperErrc::operation_timeout);
  }
}

QueuedClaim Claim::put_into_queue() const {
  Result<QueuedClaim> claim = enqueue(call_);
  if (!claim) fail(claim.error());
  return std::move(*claim);
}

void Claim::fail(std::error_code error) const {
  const std::string& path = call_.settings->path;
  const std::string ahead = call_.ahead.description();
  if (call_.context.canceled() || error == ZooKeeperErrc::canceled) {
    throw LockError(Errc::locking_canceled, path + ahead, error);
  }
  if (is_retryable(error)) {
    // The attempt was not to wait, or ended for lack of time.
    throw LockError(Errc::locking_timed_out,
                    path + (ahead.empty() ? ": no answer from the servers in time" : ahead), error);
  }
  throw LockError(Errc::locking_failed, path + ": " + error.message(), error);
}

}  // namespace zklock::internal
