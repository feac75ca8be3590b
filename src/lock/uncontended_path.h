// uncontended_path.h: when the next claim of a lock is known to be the first without listing the
// queue.
#ifndef ZKLOCK_SRC_LOCK_UNCONTENDED_PATH_H_
#define ZKLOCK_SRC_LOCK_UNCONTENDED_PATH_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// What one lock object knows of its queue. If it held the claim with number s, nothing below s is
/// left; if that claim is deleted, and the next one that it creates has the number s + 1, nothing
/// is in between: the new claim is the first. That holds while the directory is the same one, as a
/// new directory counts from 0: so it is watched, and everything counts for the connection of that
/// watch only, on which its event comes before the answer to a create in a new directory.
///
/// Watching the directory is a request too, so it is done only for a lock that is taken again and
/// again without anybody in its way.
///
/// Thread safety: all of it may be called from any thread.
class UncontendedPath {
 public:
  /// What was known of the directory before a release was sent.
  using Mark = std::uint64_t;

  /// Whether it is likely that the next claim is known to be the first once it is created: then it
  /// is not worth listing the queue in the same flight.
  [[nodiscard]] bool is_likely(const ClaimClient& client) const;
  /// Whether the claim, which this client just created, is known to be the first.
  [[nodiscard]] bool confirm_first(const ClaimClient& client, const CreatedClaim& claim);

  /// A claim has become the first. `at_once`: it was as soon as it was created. May read and watch
  /// the directory, for a short time.
  void became_first(ClaimClient& client, const std::string& directory, const CreatedClaim& claim,
                    bool at_once, const Context& context);

  /// Before a claim is released, and when the servers have confirmed that it is gone.
  [[nodiscard]] Mark releasing() const;
  void released(Mark mark, const std::string& znode);

 private:
  class DirectoryWatch;

  [[nodiscard]] bool is_watched(const ClaimClient& client) const ZKLOCK_REQUIRES(mutex_);

  mutable Mutex mutex_;
  int in_a_row_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // grants at once
  std::shared_ptr<DirectoryWatch> watch_ ZKLOCK_GUARDED_BY(mutex_);
  const ClaimClient* client_ ZKLOCK_GUARDED_BY(mutex_) = nullptr;  // of watch_, only to be compared
  std::uint64_t connection_ ZKLOCK_GUARDED_BY(mutex_) = 0;         // of watch_; 0: there is none
  Mark mark_ ZKLOCK_GUARDED_BY(mutex_) = 0;                        // changes with watch_
  std::optional<std::int64_t> last_
      ZKLOCK_GUARDED_BY(mutex_);  // number of the claim that was released last
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_UNCONTENDED_PATH_H_
