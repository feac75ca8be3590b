// neighbours.h: the claims that a waiting claim watches, and the meaning of their events.
#ifndef ZKLOCK_SRC_LOCK_NEIGHBOURS_H_
#define ZKLOCK_SRC_LOCK_NEIGHBOURS_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/context_wait.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "lock/claim_watch.h"
#include "lock/enqueue.h"
#include "lock/local_queue.h"
#include "lock/lock_call.h"
#include "lock/next_step.h"
#include "queue/standing.h"

namespace zklock::internal {

/// Watches the claim just ahead, the claim in front of that one, and the own claim.
///
/// Of the thread that waits. Only the events come on other threads; each ClaimWatch keeps its own
/// under the monitor's mutex.
class Neighbours {
 public:
  struct Events {
    NextStep step = NextStep::keep_waiting;
    bool own_changed = false;           // watch the own claim anew
    bool second_ahead_changed = false;  // watch the second claim ahead anew

    [[nodiscard]] bool any() const noexcept {
      return step != NextStep::keep_waiting || own_changed || second_ahead_changed;
    }
  };

  /// REQUIRES: `call` and `claim` outlive it.
  Neighbours(const LockCall& call, QueuedClaim& claim);

  /// Whether the claim just ahead is watched, and its watch has not reported anything yet.
  [[nodiscard]] bool is_watching_ahead(const Standing& standing) const;
  /// Reads and watches the claim just ahead. `list_again`: it is gone already; `look_again`: it is
  /// not a claim. Errors: those of reading.
  [[nodiscard]] Result<NextStep> watch_ahead(const Standing& standing);
  /// The claim just ahead as it was read. REQUIRES: watch_ahead said `keep_waiting`, or
  /// is_watching_ahead; the same for the functions below.
  [[nodiscard]] const Znode& ahead() const noexcept { return ahead_->znode; }
  /// Finds out whether the claim ahead belongs to this process and so reports its progress.
  void find_ahead_in_process(const Standing& standing);
  /// Whether the deletion of the claim ahead will be the grant, without another list: it is the
  /// first, or it reports when it becomes the first.
  [[nodiscard]] bool needs_no_list(const Standing& standing) const noexcept {
    return standing.is_next() || ahead_in_process_;
  }
  /// Whether the claim ahead is known to belong to this process.
  [[nodiscard]] bool is_ahead_in_process() const noexcept { return ahead_in_process_ != nullptr; }
  /// Watches the second claim ahead, if that pays.
  void watch_second_ahead(const Standing& standing, bool is_long_wait);

  void watch_own();
  [[nodiscard]] bool is_watching_own() const noexcept { return own_ != nullptr; }
  /// Whether an event has said that the own claim is gone.
  [[nodiscard]] bool own_is_gone() const;
  /// The watch on the own claim: the hold takes it over. Null: there is none.
  [[nodiscard]] std::shared_ptr<ClaimWatch> take_own() noexcept {
    return std::exchange(own_, nullptr);
  }

  /// Blocks until there are events, the time is `until`, or the context of `wait` has ended.
  /// REQUIRES: `wait` is on the monitor of the call.
  [[nodiscard]] Events await_events(const Standing& standing, SteadyTime until,
                                    ContextWait& wait) const;

 private:
  [[nodiscard]] bool is_awaited(const std::optional<WatchedClaim>& watched,
                                const std::string& name) const;
  [[nodiscard]] NextStep judge_events(const Standing& standing) const
      ZKLOCK_REQUIRES(call_.monitor->mutex);

  const LockCall& call_;
  QueuedClaim& claim_;
  std::shared_ptr<ClaimWatch> own_;           // null: not watched yet
  std::optional<WatchedClaim> ahead_;         // the claim just ahead
  std::optional<WatchedClaim> second_ahead_;  // the claim in front of that one
  // The claim just ahead, if it is known to be one of this process.
  std::shared_ptr<const LocalClaim> ahead_in_process_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_NEIGHBOURS_H_
