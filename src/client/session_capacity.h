// session_capacity.h: how many claims and watches one session may have.
#ifndef ZKLOCK_SRC_CLIENT_SESSION_CAPACITY_H_
#define ZKLOCK_SRC_CLIENT_SESSION_CAPACITY_H_

#include <atomic>
#include <cstddef>
#include <memory>

#include "client/watch_table.h"

namespace zklock::internal {

/// When a session ends, the leader deletes all its claims in one transaction, which carries their
/// paths. A transaction larger than jute.maxbuffer (1 MiB unless configured) stops the ensemble
/// (ZOOKEEPER-4306). The same limit holds for the watches of a session, as the C client sets all of
/// them again in one request after a reconnect: beyond it the server breaks every connection.
///
/// Thread safety: all functions may be called from any thread.
class SessionCapacity {
 public:
  /// Bytes of claims' paths. From here on the session takes no further claims.
  static constexpr std::size_t kMostBytes = 500'000;
  /// Hard limit: concurrent reservations may overshoot `kMostBytes` up to this.
  static constexpr std::size_t kLimit = 524'288;
  /// Bytes of watched paths. The rest of the 1 MiB is for watches that existing claims still set.
  static constexpr std::size_t kMostWatchedBytes = 700'000;

  /// `chroot_length`: the number of bytes that the servers see in front of each path.
  explicit SessionCapacity(std::size_t chroot_length) : chroot_length_(chroot_length) {}

  [[nodiscard]] bool is_left(const WatchTable::Totals& watched) const noexcept;

  /// Reserves capacity for a claim with a path of this length, for as long as the result is kept:
  /// from before the create is sent until nothing is left of the claim. Null: there is none left.
  [[nodiscard]] std::shared_ptr<void> try_reserve(std::size_t path_length) const;
  /// The same for an existing claim, so it cannot fail.
  [[nodiscard]] std::shared_ptr<void> reserve(std::size_t path_length) const;

 private:
  using Bytes = std::atomic<std::size_t>;
  struct Place;

  [[nodiscard]] std::shared_ptr<Place> take(std::size_t path_length) const;

  /// On the wire, each path has its length in front.
  static constexpr std::size_t kLengthField = 4;

  const std::size_t chroot_length_;
  const std::shared_ptr<Bytes> taken_ =
      std::make_shared<Bytes>(0);  // claims may outlive the client
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_SESSION_CAPACITY_H_
