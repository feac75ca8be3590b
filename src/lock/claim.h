// claim.h: one claim, from enqueueing until it is granted or given up.
#ifndef ZKLOCK_SRC_LOCK_CLAIM_H_
#define ZKLOCK_SRC_LOCK_CLAIM_H_

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/backoff.h"
#include "lock/claim_node.h"
#include "lock/claim_watch.h"
#include "lock/held_claim.h"
#include "lock/local_queue.h"
#include "lock/lock_settings.h"
#include "lock/uncontended_path.h"
#include "queue/holder_memory.h"
#include "queue/purge_policy.h"
#include "lock/claim_order.h"
#include "queue/standing.h"

namespace zklock::internal {

/// Thread safety: of the thread that calls `lock`. src/README.md has the states and the reasons.
class Claim {
 public:
  /// REQUIRES: `memory` and `uncontended_path` outlive it.
  Claim(std::shared_ptr<const LockSettings> settings, HolderMemory& memory,
        UncontendedPath& uncontended_path, std::string owner);
  /// Gives the claim up, unless it was granted.
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// Queues, and blocks until the claim is granted. Throws LockError. Called once.
  std::shared_ptr<HeldClaim> acquire(const Context& context);

 private:
  enum class NextStep {
    granted,     // the claim is first
    gone,        // the claim is not in the queue any more: queue again
    list_again,  // something happened that only a new list can tell
    look_again,  // the claim ahead was changed, or is none; the list holds
  };

  /// Another claim, and what is heard of it.
  struct Watched {
    std::string name;
    std::shared_ptr<ClaimWatch> watch;
    Znode znode{};  // as it was when the watch was set, if it was read
    // Of a claim of this process; null: it is not known to be one.
    std::shared_ptr<const LocalClaim> progress{};
  };

  // Of one round of queueing (claim.cc).
  void enqueue(const Context& context);
  [[nodiscard]] Context context_to_enqueue(const Context& context) const;
  Result<Enqueued> create(const Context& caller);
  void create_directory(const Context& context);
  NextStep await_turn(const Context& context);
  NextStep take_place(const Children& queue, const Context& context);
  NextStep claim_the_lock(const Context& context);
  NextStep become_certain(const Context& context);
  std::shared_ptr<HeldClaim> grant();
  void give_up() noexcept;

  // Of waiting behind another claim (claim_wait.cc). No NextStep: go on waiting.
  NextStep wait_behind(const Standing& standing, const Context& context);
  std::optional<NextStep> watch_ahead(const Standing& standing, const Context& context);
  NextStep await_news(const Standing& standing, const Context& context);
  [[nodiscard]] std::optional<NextStep> judge_events(const Standing& standing) const;
  std::optional<NextStep> enter_long_wait(const Standing& standing, const Context& context);
  std::optional<NextStep> say_that_it_waits(const Context& context);
  void begin_to_wait();
  void find_progress(const Standing& standing);
  [[nodiscard]] bool tells_others() const;
  void watch_own_claim();
  void watch_further(const Standing& standing);
  [[nodiscard]] bool is_awaited(const std::optional<Watched>& watched,
                                const std::string& name) const;
  [[nodiscard]] SteadyTime wakes_at() const;
  std::optional<NextStep> do_what_is_due(const Standing& standing, const Context& context);
  std::optional<NextStep> read_holder(const Standing& standing, const Context& context);
  void note_holder(const Standing& standing, const Znode& head);
  std::optional<NextStep> purge_holder(const Standing& standing, const Context& context);

  // Errors.
  [[nodiscard]] bool retries(std::error_code error, const Context& context) const;
  [[noreturn]] void fail(std::error_code error, const Context& context) const;
  [[nodiscard]] std::string who_is_ahead() const;

  const std::shared_ptr<const LockSettings> settings_;
  HolderMemory& memory_;
  UncontendedPath& uncontended_path_;
  const std::string owner_;

  // Of the claim that is in the queue now.
  std::shared_ptr<ClaimClient> client_;  // that of its session
  CreatedClaim created_;
  ClaimNode node_;  // path "": there is none
  std::string name_;
  std::stop_token session_lost_;
  std::shared_ptr<void> reliance_;  // on the session: while it may be granted soon
  BootTime sent_at_{};              // before its create, or what it last wrote, was sent
  ServerStamp created_stamp_;       // of its create
  std::optional<Result<Children>> first_list_;
  bool waited_ = false;                   // it was not first at once
  std::shared_ptr<LocalClaim> progress_;  // for those behind it; null: it did not wait
  bool is_long_wait_ = false;             // its wait is a long one
  SteadyTime long_wait_at_{};
  std::optional<SteadyTime> watches_itself_at_;
  std::optional<SteadyTime> last_look_at_;

  // Of the queue, by the last list.
  std::size_t claims_ahead_ = 0;        // claims ahead
  std::string holder_path_;             // path of the first
  std::optional<HolderView> holder_;    // the first, if it was read
  std::optional<SteadyTime> purge_at_;  // when to purge it, or to look again whether it may be
  std::string purged_in_vain_;          // path of what was gone, or renewed, when it was purged
  Backoff vain_purges_;                 // between attempts at that one

  std::set<std::string> not_claims_;  // children that look like claims, but are persistent
  Backoff retry_backoff_;             // between requests that fail one after the other
  const std::shared_ptr<Monitor> monitor_ = std::make_shared<Monitor>();
  std::shared_ptr<ClaimWatch> own_watch_;  // null: not yet
  std::optional<Watched> ahead_;           // the claim just ahead
  std::optional<Watched> second_ahead_;    // the one in front of that
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_CLAIM_H_
