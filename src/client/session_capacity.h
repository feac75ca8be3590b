// session_capacity.h: how many claims and watches one session may have.
#ifndef ZKLOCK_SRC_CLIENT_SESSION_CAPACITY_H_
#define ZKLOCK_SRC_CLIENT_SESSION_CAPACITY_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "client/watch_table.h"

namespace zklock::internal {

/// When a session ends, the leader deletes all its claims in one transaction, which carries their
/// paths. One that is larger than jute.maxbuffer (1 MiB unless configured) stops the ensemble
/// (ZOOKEEPER-4306). The watches of a session, which the C client sets again in one request after a
/// reconnect, have that limit too: beyond it every connection is broken by the server.
///
/// Thread safety: all of it may be called from any thread.
class SessionCapacity {
 public:
  /// Of claims' paths: from here on there is no room for further ones.
  static constexpr std::size_t kMostBytes = 500'000;
  /// Those who were told at the same moment that there is room get it up to here.
  static constexpr std::size_t kLimit = 524'288;
  /// Of watched paths. The rest of the 1 MiB is for the watches that claims that are there already
  /// will set.
  static constexpr std::size_t kMostWatchedBytes = 700'000;

  /// `chroot_length`: of what the servers see in front of each path.
  explicit SessionCapacity(std::size_t chroot_length) : chroot_length_(chroot_length) {}

  [[nodiscard]] bool is_left(const WatchTable& watches) const noexcept;

  /// Room for a claim with a path of that length, for as long as somebody keeps what is returned:
  /// from before it is sent until nothing is left of it. Null: others have got the last of it.
  [[nodiscard]] std::shared_ptr<void> try_reserve(std::size_t path_length) const;
  /// The same for one that is there already.
  [[nodiscard]] std::shared_ptr<void> reserve(std::size_t path_length) const;

 private:
  using Bytes = std::atomic<std::size_t>;
  struct Place;

  [[nodiscard]] std::shared_ptr<Place> take(std::size_t path_length) const;

  /// With the length in front of it, as it is sent.
  static constexpr std::size_t kLengthField = 4;

  const std::size_t chroot_length_;
  const std::shared_ptr<Bytes> taken_ =
      std::make_shared<Bytes>(0);  // claims may outlive the client
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_SESSION_CAPACITY_H_
