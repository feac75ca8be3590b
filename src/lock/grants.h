// grants.h: the grants of one lock object, and their threads and owners.
#ifndef ZKLOCK_SRC_LOCK_GRANTS_H_
#define ZKLOCK_SRC_LOCK_GRANTS_H_

#include <zklock/lock.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "lock/held_claim.h"

namespace zklock::internal {

/// At most one grant is valid at a time. A lost grant is kept until its owner was notified.
/// Thread safety: all of it may be called from any thread.
class Grants {
 public:
  using Held = std::shared_ptr<HeldClaim>;

  /// The calling thread acquired it. Drops the grants that this thread had lost before.
  void add(Held held);
  /// It was released, or its owner was notified of its loss.
  void remove(const Held& held);
  /// Returns all grants and forgets them.
  [[nodiscard]] std::vector<Held> take_all();

  /// The valid grant; null if there is none.
  [[nodiscard]] Held current() const;
  /// The calling thread's latest, valid or lost; null if it has none.
  [[nodiscard]] Held of_this_thread() const;
  /// This owner's latest, valid or lost; null if there is none.
  [[nodiscard]] Held of_owner(const std::string& owner) const;
  /// The grant that the lease refers to; null if it is not in this object.
  [[nodiscard]] Held of_lease(const Lease& lease) const;

 private:
  struct Entry {
    Held held;
    std::uint64_t thread = 0;  // number of the thread that acquired it
  };

  [[nodiscard]] std::vector<Entry> entries() const;
  template <class Matches>
  [[nodiscard]] Held last(const Matches& matches) const;

  mutable Mutex mutex_;
  std::vector<Entry> entries_ ZKLOCK_GUARDED_BY(mutex_);  // in the order of granting
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_GRANTS_H_
