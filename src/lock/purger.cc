#include "lock/purger.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "queue/purge_policy.h"

namespace zklock::internal {

namespace {

using std::chrono::milliseconds;

/// A claim further back purges later by this much for each claim between it and the holder.
constexpr milliseconds kBackupDelay{150};
constexpr std::size_t kMostBackupDelays = 8;

/// A claim further back reads the holder again at most after this time, or after its TTL.
constexpr milliseconds kLeastLook{1'000};

}  // namespace

std::optional<SteadyTime> Purger::time_for_purge(SteadyTime now) const {
  const LockSettings& settings = *call_.settings;
  return purge_time(*call_.ahead.holder, PurgeRule{settings.ttl, settings.purge_without_ttl},
                    claim_.stamp, now, Platform::current().wall_now());
}

void Purger::plan(const Standing& standing) {
  const SteadyTime now = Platform::current().steady_now();
  due_at_ = time_for_purge(now);
  if (standing.is_next()) return;
  const auto delays = static_cast<int>(std::min(standing.claims_ahead - 1, kMostBackupDelays));
  if (due_at_) *due_at_ = saturated_sum(*due_at_, kBackupDelay * delays);
  // Nobody reports the holder's changes to a claim further back: it reads the holder from time to
  // time.
  const SteadyTime look_at = now +
                             std::max<std::chrono::nanoseconds>(call_.settings->ttl, kLeastLook) +
                             kBackupDelay * delays;
  due_at_ = std::min(due_at_.value_or(look_at), look_at);
}

void Purger::plan_another_look() { due_at_ = Platform::current().steady_now() + kLeastLook; }

Result<NextStep> Purger::purge(const Standing& standing) {
  // The plan may be out of date: clocks may have been set since, or the holder renewed.
  const SteadyTime now = Platform::current().steady_now();
  const std::optional<SteadyTime> time = time_for_purge(now);
  if (!time || *time > now) {
    if (standing.is_next()) due_at_ = time;
    return NextStep::keep_waiting;
  }
  // By version: a renewal, or the write that claims the lock, beats a purge that was decided before
  // it.
  const std::string& path = call_.ahead.holder_path;
  const Result<void> purged =
      claim_.client->remove(path, call_.ahead.holder->stat.version, call_.context);
  if (purged) {
    const LockSettings& settings = *call_.settings;
    settings.log.warning(
        [&] { return with_trace("purged " + path + ", which was past its TTL", call_.trace); });
    settings.observe(call_.trace, [&](LockObserver& observer) { observer.on_purged(path); });
    return NextStep::list_again;
  }
  if (purged.error() == ZooKeeperErrc::no_node || purged.error() == ZooKeeperErrc::bad_version) {
    // The server that answers our reads is behind, usually for a moment.
    if (std::exchange(purged_in_vain_, path) != path) vain_purges_ = Backoff();
    vain_purges_.wait(call_.context);
    return NextStep::list_again;
  }
  if (purged.error() == ZooKeeperErrc::no_auth) {
    throw LockError(Errc::expire_lock_failed, path + ": " + purged.error().message(),
                    purged.error());
  }
  return purged.error();
}

}  // namespace zklock::internal
