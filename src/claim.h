// claim.h: one claim, from enqueueing until it is granted or given up.
#ifndef ZKLOCK_SRC_CLAIM_H_
#define ZKLOCK_SRC_CLAIM_H_

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "claim_node.h"
#include "claim_watch.h"
#include "empty_queue.h"
#include "held_claim.h"
#include "lock_settings.h"
#include "pause.h"
#include "purge_policy.h"
#include "standing.h"
#include "waiting_claims.h"

namespace zklock::internal {

/// Thread safety: of the thread that calls `lock`. src/README.md has the states and the reasons.
class Claim {
 public:
  /// REQUIRES: `memory` and `empty_queue` outlive it.
  Claim(std::shared_ptr<const LockSettings> settings, HolderMemory& memory, EmptyQueue& empty_queue,
        std::string owner);
  /// Gives the claim up, unless it was granted.
  ~Claim();
  Claim(const Claim&) = delete;
  Claim& operator=(const Claim&) = delete;

  /// Queues, and blocks until the claim is granted. Throws LockError. Called once.
  std::shared_ptr<HeldClaim> acquire(const Context& context);

 private:
  enum class Turn {
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
    std::shared_ptr<const WaitingClaims::Progress> progress{};
  };

  // Of one round of queueing (claim.cc).
  void enqueue(const Context& context);
  [[nodiscard]] Context context_to_enqueue(const Context& context) const;
  Result<Enqueued> create(const Context& caller);
  void create_directory(const Context& context);
  Turn await_turn(const Context& context);
  Turn take_place(const Children& queue, const Context& context);
  Turn claim_the_lock(const Context& context);
  Turn become_certain(const Context& context);
  std::shared_ptr<HeldClaim> grant();
  void give_up() noexcept;

  // Of waiting behind another claim (claim_wait.cc). No Turn: go on waiting.
  Turn wait_behind(const Standing& standing, const Context& context);
  std::optional<Turn> watch_ahead(const Standing& standing, const Context& context);
  Turn await_news(const Standing& standing, const Context& context);
  [[nodiscard]] std::optional<Turn> verdict(const Standing& standing) const;
  std::optional<Turn> settle(const Standing& standing, const Context& context);
  std::optional<Turn> say_that_it_waits(const Context& context);
  void begin_to_wait();
  void find_progress(const Standing& standing);
  [[nodiscard]] bool tells_others() const;
  void watch_own_claim();
  void watch_further(const Standing& standing);
  [[nodiscard]] bool is_awaited(const std::optional<Watched>& watched,
                                const std::string& name) const;
  [[nodiscard]] SteadyTime wakes_at() const;
  std::optional<Turn> do_what_is_due(const Standing& standing, const Context& context);
  std::optional<Turn> read_head(const Standing& standing, const Context& context);
  void note_head(const Standing& standing, const Znode& head);
  std::optional<Turn> purge_head(const Standing& standing, const Context& context);

  // Errors.
  [[nodiscard]] bool retries(std::error_code error, const Context& context) const;
  [[noreturn]] void fail(std::error_code error, const Context& context) const;
  [[nodiscard]] std::string who_is_ahead() const;

  const std::shared_ptr<const LockSettings> settings_;
  HolderMemory& memory_;
  EmptyQueue& empty_queue_;
  const std::string owner_;

  // Of the claim that is in the queue now.
  std::shared_ptr<ZooKeeperClient> client_;  // that of its session
  Created created_;
  ClaimNode node_;  // path "": there is none
  std::string name_;
  std::stop_token session_lost_;
  std::shared_ptr<void> reliance_;  // on the session: while it may be granted soon
  BootTime sent_at_{};              // before its create, or what it last wrote, was sent
  ServerStamp stamp_;               // of its create
  std::optional<Result<Children>> first_list_;
  bool waited_ = false;                                // it was not first at once
  std::shared_ptr<WaitingClaims::Progress> progress_;  // for those behind it; null: it did not wait
  bool settled_ = false;                               // its wait is a long one
  SteadyTime settles_at_{};
  std::optional<SteadyTime> watches_itself_at_;
  std::optional<SteadyTime> last_look_at_;

  // Of the queue, by the last list.
  std::size_t ahead_ = 0;               // claims ahead
  std::string head_;                    // path of the first
  std::optional<HolderView> holder_;    // the first, if it was read
  std::optional<SteadyTime> purge_at_;  // when to purge it, or to look again whether it may be
  std::string purged_in_vain_;          // path of what was gone, or renewed, when it was purged
  Pause vain_purges_;                   // between attempts at that one

  std::set<std::string> not_claims_;  // children that look like claims, but are persistent
  Pause trouble_;                     // between requests that fail one after the other
  const std::shared_ptr<Monitor> monitor_ = std::make_shared<Monitor>();
  std::shared_ptr<ClaimWatch> own_watch_;  // null: not yet
  std::optional<Watched> watched_;         // the claim just ahead
  std::optional<Watched> further_;         // the one in front of that
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLAIM_H_
