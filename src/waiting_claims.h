// waiting_claims.h: what the locks of one process know of each other's claims.
#ifndef ZKLOCK_SRC_WAITING_CLAIMS_H_
#define ZKLOCK_SRC_WAITING_CLAIMS_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace zklock::internal {

/// The claims of this process that wait. Who waits behind one of them hears in this way that it has
/// become the first: then its deletion is the grant, and the servers need not be asked. So a queue
/// of threads of one process hands over without a list.
///
/// Thread safety: all of it may be called from any thread.
class WaitingClaims {
 public:
  /// Of one claim, which may have come and gone since: whether it has been the first of its queue.
  /// Once it has, nothing is left in front of it, whatever becomes of it.
  class Progress {
   public:
    void become_first() noexcept { was_first_.store(true); }
    [[nodiscard]] bool was_first() const noexcept { return was_first_.load(); }

   private:
    std::atomic<bool> was_first_{false};
  };

  /// A claim waits, until what is returned is dropped. `czxid`: of its creation; names come from
  /// the clients, which a test may give the same ones.
  [[nodiscard]] std::shared_ptr<Progress> add(const std::string& path, std::int64_t czxid);
  /// Null: it is no claim of this process that waits.
  [[nodiscard]] std::shared_ptr<const Progress> find(const std::string& path,
                                                     std::int64_t czxid) const;

 private:
  using Key = std::pair<std::string, std::int64_t>;

  /// Shared with what refers to it from the outside, which may be dropped later.
  struct Table {
    std::mutex mutex;
    std::map<Key, std::weak_ptr<Progress>> claims;  // guarded by mutex
  };
  const std::shared_ptr<Table> table_ = std::make_shared<Table>();
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WAITING_CLAIMS_H_
