// journal_checker.h: what zklock promises, checked on what was written down. Pure.
#ifndef ZKLOCK_TESTS_CHAOS_JOURNAL_CHECKER_H_
#define ZKLOCK_TESTS_CHAOS_JOURNAL_CHECKER_H_

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "journal.h"

namespace zklock::chaos {

struct CheckerOptions {
  std::chrono::nanoseconds session_timeout{std::chrono::seconds(4)};
  /// By how much a call may return later than it was to. The machine may be a busy one.
  std::chrono::nanoseconds overstay{std::chrono::seconds(1)};
  /// How long a call without a deadline may wait while nobody holds the lock, and nothing is
  /// broken; beyond the session timeout.
  std::chrono::nanoseconds patience{std::chrono::seconds(10)};
};

/// A promise that was broken.
struct Violation {
  enum class Kind {
    two_valid,         // two leases of one path were valid at once
    valid_and_fenced,  // a lease was valid after the register had seen a larger token
    out_of_order,      // a lease was granted that has a smaller token than one before it
    valid_again,       // a lease was not valid any more, and was again
    loss_not_told,     // a lease was not valid any more, and its stop callback was never called
    overstayed,        // a call returned long after its deadline
    stuck,             // a call did not return, or waited for nobody for longer than faults explain
    unexpected_error,  // a call failed for a reason that it has not
    left_behind,       // a claim is there that nobody waits or holds with
    late_write,        // a guarded write of a grant was done after one of a later grant
    false_report,      // a guarded write was done though it was reported as not done, or not
  };
  Kind kind{};
  std::string what{};
  std::vector<Event> events{};  // that show it, by time
};

/// "two valid leases at once" and the like.
[[nodiscard]] std::string name_of(Violation::Kind kind);

/// What has happened, in numbers.
struct Summary {
  std::size_t grants = 0;
  std::map<std::string, std::size_t> losses{};  // by reason
  std::size_t suspensions = 0;
  std::size_t resumptions = 0;
  std::size_t losses_in_vain = 0;                 // though their sessions stood
  std::map<std::string, std::size_t> failures{};  // calls, by what they said
  std::map<std::string, std::size_t> faults{};    // by name
  std::size_t writes = 0;
  std::size_t refused_writes = 0;
  std::size_t commits = 0;  // guarded writes that were reported as done
  std::size_t commits_not_done = 0;
  std::size_t commits_in_doubt = 0;
  std::chrono::nanoseconds worst_wait{};          // for a grant
  std::chrono::nanoseconds worst_wait_in_vain{};  // of any call, while nobody held the lock
  std::chrono::nanoseconds worst_overstay{};      // after a deadline
};

/// Checks all events of a run, by time. A lease is known to have been valid from when `lock`
/// returned it until `valid()` was last called and true. Calls of processes that were frozen are to
/// return once they are thawed; those of processes that were killed need not.
[[nodiscard]] std::vector<Violation> check(const std::vector<Event>& events,
                                           const CheckerOptions& options = {});

[[nodiscard]] Summary summarize(const std::vector<Event>& events);

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_JOURNAL_CHECKER_H_
