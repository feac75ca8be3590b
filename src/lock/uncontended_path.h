// uncontended_path.h: recognises that a new claim is the first, without listing the queue.
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

/// What one lock object knows of its queue. When it held the claim with number s, no smaller number
/// was left. If that claim is deleted, and the next claim that the lock creates has number s + 1,
/// no claim is in between: the new claim is the first.
///
/// That holds for one directory: a new directory counts from 0 again. So the directory is watched.
/// The knowledge is good only on the connection of that watch: there, the event that the directory
/// was deleted comes before the answer to a create in a new one.
///
/// The watch costs a request. So only a lock that was granted at once several times in a row
/// watches its directory.
///
/// Thread safety: all of it may be called from any thread.
class UncontendedPath {
 public:
  /// The state of the knowledge before a release was sent.
  using Mark = std::uint64_t;

  /// Whether confirm_first will probably succeed for the next claim. Then listing the queue in the
  /// same flight does not pay.
  [[nodiscard]] bool is_likely(const ClaimClient& client) const;
  /// Whether the claim, which this client has just created, is known to be the first. If not, the
  /// count of grants in a row starts anew.
  [[nodiscard]] bool confirm_first(const ClaimClient& client, const CreatedClaim& claim);

  /// A claim has become the first. `at_once`: it never waited. May read and watch the directory,
  /// and block for that for a short time.
  void became_first(const std::shared_ptr<ClaimClient>& client, const std::string& directory,
                    const CreatedClaim& claim, bool at_once, const Context& context);

  /// Call `releasing` before a claim is released, and `released` when the servers have confirmed
  /// that it is gone.
  [[nodiscard]] Mark releasing() const;
  void released(Mark mark, const std::string& znode);

 private:
  class DirectoryWatch;

  [[nodiscard]] bool is_watched(const ClaimClient& client) const ZKLOCK_REQUIRES(mutex_);

  mutable Mutex mutex_;
  int in_a_row_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // grants at once
  std::shared_ptr<DirectoryWatch> watch_ ZKLOCK_GUARDED_BY(mutex_);
  std::weak_ptr<const ClaimClient> client_
      ZKLOCK_GUARDED_BY(mutex_);                            // of watch_, only to be compared
  std::uint64_t connection_ ZKLOCK_GUARDED_BY(mutex_) = 0;  // of watch_; 0: there is none
  Mark mark_ ZKLOCK_GUARDED_BY(mutex_) = 0;                 // changes with watch_
  std::optional<std::int64_t> last_
      ZKLOCK_GUARDED_BY(mutex_);  // number of the claim that was released last
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_UNCONTENDED_PATH_H_
