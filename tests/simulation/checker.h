// checker.h: checks the promises, with a view of everything.
#ifndef ZKLOCK_TESTS_SIMULATION_CHECKER_H_
#define ZKLOCK_TESTS_SIMULATION_CHECKER_H_

#include <zklock/lock.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "guarded_registers.h"
#include "process.h"
#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

/// What must hold, by the numbers of the promises in README.md:
///
/// 1, 4: when a lease is granted, its claim stands, no claim is older, and no other lease of the
///       path is valid by its own clocks. Since a lease that is not valid never becomes so again
///       (checked too), unless it was suspended, it is enough to look at grants, and at leases that
///       are resumed: a claim has never been absent then. No claim that stands gives up its place.
/// 2: its token is larger than all before. No guarded write comes after a later grant.
/// 3: a lost lease stays lost, and `lost()` is notified soon, at the end of the TTL too; releasing
///    it reports `lock_lost`. When another one is granted, `suspended()` has been notified.
/// 5: every call returns in time.
/// 6: in the end, while the sessions still stand, no claim is left, and nobody waits forever.
/// 7: nothing but the errors that the situation explains; foreign nodes stay. Guarded writes are
///    done if that is said, and not done if that is said.
///
/// A purge, when it is carried out: the purger has a TTL; the claim is the first (4), was last
/// written a TTL ago or earlier, and its lease is not valid any more (1). If the holder has no TTL,
/// the purger is configured to purge such, and the purger's TTL counts.
///
/// Exceptions (not from 4): a lease whose session the servers have ended, until its client knows;
/// one whose claim was deleted by an operator, or by a purger of holders without a TTL; and one of
/// a process that was killed.
class Checker {
 public:
  Checker(World& world, internal::FakeEnsemble& ensemble,
          const std::vector<std::unique_ptr<Process>>& processes, std::vector<std::string> paths);

  void granted(Process& process, int path, const Lease& lease);
  /// Says so once a lease was found to be invalid.
  void ended(const Lease& lease) { ended_.insert(lease.znode()); }
  [[nodiscard]] GuardedRegisters& registers() noexcept { return registers_; }
  /// Looks at a lease: whether it is valid. If it was suspended before, it has been resumed.
  bool look_at(const Lease& lease);
  /// Leases keep their clients.
  void forget_leases() { grants_.clear(); }
  /// An unlock succeeded.
  void released(const Lease& lease);
  /// A call has returned that was to by `deadline`, or at once. Times are by the process's clock.
  void returned(const Process& process, const std::string& call, SteadyTime begun,
                SteadyTime deadline);
  /// A waiter of the client that has this session queues again, as this claim of its is gone.
  void requeued(const std::string& znode, std::int64_t session) const;

  /// The leader decides on a write of this session's.
  void decided(internal::FakeOperation operation, const std::string& path, std::int64_t session,
               const Result<internal::FakeTransaction>& outcome);
  /// The servers have ended this session, as it was silent for too long.
  void session_ended(std::int64_t session);
  /// An operator has.
  void session_ended_by_hand(std::int64_t session) { ended_by_hand_.insert(session); }
  /// An operator has deleted it.
  void deleted_by_hand(const std::string& znode) { deleted_by_hand_.insert(znode); }
  [[nodiscard]] bool was_deleted_by_hand(const std::string& znode) const {
    return deleted_by_hand_.contains(znode);
  }
  /// An operator has created it, and nobody is to remove it.
  void created_by_hand(const std::string& znode) { created_by_hand_.insert(znode); }

  /// Whether the znode stands, as committed.
  [[nodiscard]] bool stands(const std::string& znode) const;

  /// Claims of the path, in the order of their creation.
  [[nodiscard]] std::vector<std::string> claims(const std::string& path) const;
  /// Counts what this process is doing when it is `what`, "killed" say.
  void count_claims_of(const Process& process, const std::string& what);
  /// No claim is left, but of excused sessions.
  void nothing_is_left(const std::function<bool(std::int64_t session)>& is_excused) const;
  void foreign_nodes_stand() const;

 private:
  struct Grant {
    Process* process;
    Lease lease;
    std::int64_t session;
    std::stop_token suspended;  // of the time when it was last seen valid
  };

  [[nodiscard]] bool is_excused(const Grant& grant) const;
  [[nodiscard]] bool looks_valid(const Grant& grant);
  void check_order(const Lease& lease, const std::string& path);
  void check_claim(const Grant& grant);
  void check_exclusion(const Grant& grant, int path);
  void check_resumption(const Lease& lease, SteadyTime suspended_at);
  void check_told(const Grant& grant, const Lease& next);
  [[nodiscard]] Process* whose(std::int64_t session) const;
  void check_purge(const std::string& znode, const Process& purger, const Process& holder);

  World& world_;
  internal::FakeEnsemble& ensemble_;
  const std::vector<std::unique_ptr<Process>>& processes_;
  const std::vector<std::string> paths_;
  std::map<int, std::vector<Grant>> grants_;     // by path: those that may be valid
  std::map<int, std::int64_t> last_token_;       // by path
  std::set<std::string> ended_;                  // leases
  std::map<std::string, SteadyTime> suspended_;  // leases, since when
  std::map<std::string, SteadyTime> checked_;    // claims, and when one was last found to stand
  GuardedRegisters registers_{world_};
  std::set<std::string> deleted_by_hand_;
  std::set<std::string> created_by_hand_;
  std::set<std::int64_t> ended_by_hand_;       // sessions
  std::map<std::int64_t, Process*> whose_;     // by session
  std::map<std::string, SteadyTime> written_;  // claims that were created, last of all
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_CHECKER_H_
