// guarded_commit.h: one commit of a guarded write, from the first request until its outcome.
#ifndef ZKLOCK_SRC_LOCK_GUARDED_COMMIT_H_
#define ZKLOCK_SRC_LOCK_GUARDED_COMMIT_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>
#include <zklock/lock.h>

#include <cstdint>
#include <string>
#include <system_error>
#include <vector>

#include "lock/write_outcome.h"

namespace zklock::internal {

/// The claim under which something is written.
struct WriteGuard {
  std::string znode;
  std::int64_t token = 0;
  Lease lease{};  // empty: of another process
};

/// Thread safety: of one thread.
class GuardedCommit {
 public:
  /// REQUIRES: the arguments outlive it.
  GuardedCommit(ClaimClient& client, const WriteGuard& guard, const Context& context)
      : client_(client), guard_(guard), context_(context) {}

  /// Sends the operations until their outcome is known. Throws LockError: see GuardedWrite::commit.
  void run(std::vector<MultiOperation> operations);

 private:
  /// The operations before one transaction whose answer was lost, and that answer.
  struct Lost {
    std::int64_t session = 0;
    std::error_code error{};
  };

  void check_before_sending() const;
  void learn_zxid_of_grant();
  void expect_token();
  void expect_valid_lease() const;
  /// Whether it was done. Throws if that cannot be found out, or if the claim does not stand.
  [[nodiscard]] bool find_out(const Lost& lost);
  [[nodiscard]] Result<WriteOutcome> look(std::uint64_t connection);
  /// Through a quorum.
  [[nodiscard]] MultiResult check_claim();
  /// 0: the client does not know its session.
  [[nodiscard]] std::int64_t session() const;
  [[nodiscard]] std::string name_of(std::size_t operation) const;

  [[noreturn]] void fail_as_lost() const;
  [[noreturn]] void fail_as_too_often_lost(std::error_code error) const;
  [[noreturn]] void fail_as_refused(const MultiResult& result) const;
  [[noreturn]] void fail_as_unsent(std::error_code error) const;

  ClaimClient& client_;
  const WriteGuard& guard_;
  const Context& context_;
  std::vector<MultiOperation> operations_;  // the check of the claim first
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_GUARDED_COMMIT_H_
