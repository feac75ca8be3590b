// grants.h: the grants of one lock object, and their threads and owners.
#ifndef ZKLOCK_SRC_LOCK_GRANTS_H_
#define ZKLOCK_SRC_LOCK_GRANTS_H_

#include <zklock/lock.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "lock/held_claim.h"

namespace zklock::internal {

/// At most one grant stands at a time: it is valid or suspended. A lost grant is kept until its
/// owner was notified.
///
/// A std guard says no more than "release", and may have been moved to another thread. So a thread
/// without a grant may end any guard. The valid grant is released by the last of them, and each of
/// the others stands for a lost grant. Released too early, it would not exclude; released too late,
/// it is only late. Grants with an owner have no such guard: the owner releases them by name. (A
/// lost lease whose holder did not unlock it counts as one with a guard. Then the first moved guard
/// to end gets an error, and releases nothing.)
///
/// Thread safety: all of it may be called from any thread.
class Grants {
 public:
  using Held = std::shared_ptr<HeldClaim>;

  /// The calling thread acquired it. Drops the grants that this thread had lost before.
  void add(Held held);
  /// It was released, or its owner was notified of its loss.
  void remove(const Held& held);
  [[nodiscard]] std::vector<Held> all() const;
  /// Returns all grants and forgets them.
  [[nodiscard]] std::vector<Held> take_all();

  /// The grant that stands; null if there is none.
  [[nodiscard]] Held current() const;
  /// The calling thread's latest, valid or lost; null if it has none.
  [[nodiscard]] Held of_this_thread() const;
  /// This owner's latest, valid or lost; null if there is none.
  [[nodiscard]] Held of_owner(const std::string& owner) const;
  /// The grant that the lease refers to; null if it is not in this object.
  [[nodiscard]] Held of_lease(const Lease& lease) const;
  /// For a guard that ends on a thread without a grant: the only grant of this object. Null if
  /// there is none, or if it has an owner, who releases it by name.
  [[nodiscard]] Held of_moved_guard() const;
  /// For the same: takes the guard for that of a lost grant. False if each lost grant was notified,
  /// or has had its guard. The thread that acquired the grant is still notified.
  bool settle_a_loss();

 private:
  struct Entry {
    Held held;
    std::uint64_t thread = 0;  // number of the thread that acquired it
    bool settled = false;      // see settle_a_loss
  };

  [[nodiscard]] std::vector<Entry> entries() const;
  [[nodiscard]] static std::vector<Held> held_of(std::vector<Entry> entries);
  template <class Matches>
  [[nodiscard]] Held last(const Matches& matches) const;

  mutable Mutex mutex_;
  std::vector<Entry> entries_ ZKLOCK_GUARDED_BY(mutex_);  // in the order of granting
  // Lost grants without an owner that were dropped before they were notified, or their guard ended.
  std::size_t dropped_ ZKLOCK_GUARDED_BY(mutex_) = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_GRANTS_H_
