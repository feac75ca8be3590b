// session_room.h: how many claims one session may have.
#ifndef ZKLOCK_SRC_SESSION_ROOM_H_
#define ZKLOCK_SRC_SESSION_ROOM_H_

#include <zklock/zookeeper_client.h>

#include <atomic>
#include <cstddef>
#include <memory>

namespace zklock::internal {

/// When a session ends, the leader deletes all its claims in one transaction, which carries their
/// paths. One that is larger than jute.maxbuffer (1 MiB unless configured) stops the ensemble
/// (ZOOKEEPER-4306). The watches on them, which the C client sets again in one request after a
/// reconnect, have that limit too.
///
/// Thread safety: all of it may be called from any thread.
class SessionRoom {
 public:
  /// Of path bytes: 512 kB, less what may be created at the same time by those who were told that
  /// there is room.
  static constexpr std::size_t kMostBytes = 500'000;

  /// `chroot_length`: of what the servers see in front of each path.
  explicit SessionRoom(std::size_t chroot_length) : chroot_length_(chroot_length) {}

  [[nodiscard]] bool is_left() const noexcept { return taken_->load() < kMostBytes; }

  /// The claim, which was just created, takes room for as long as somebody keeps its `session`.
  void take(Created& claim) const;

 private:
  using Bytes = std::atomic<std::size_t>;

  const std::size_t chroot_length_;
  const std::shared_ptr<Bytes> taken_ =
      std::make_shared<Bytes>(0);  // claims may outlive the client
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_ROOM_H_
