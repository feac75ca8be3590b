// zklock/zookeeper_lock.h: start here. A lock that services on many machines contend for.
//
//     zklock::ZooKeeperLock lock({.address = "zk1:2181,zk2:2181,zk3:2181", .path = "/my/locks"});
//     zklock::LockGuard guard(lock, zklock::Context().with_timeout(3s));
//     store.write(value, guard.lease().fencing_token());
//
// lock.h has the calls, context.h deadlines and cancellation, error.h the errors. How it works, and
// why it is safe: src/README.md.
#ifndef ZKLOCK_ZOOKEEPER_LOCK_H_
#define ZKLOCK_ZOOKEEPER_LOCK_H_

#include <zklock/acl.h>
#include <zklock/client_options.h>
#include <zklock/context.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/lock.h>
#include <zklock/lock_entries.h>
#include <zklock/lock_observer.h>
#include <zklock/zookeeper_client.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace zklock {

/// What lock it is, and how it behaves. Every member has a default, so that any may be left out.
struct ZooKeeperLockConfig {
  /// "host:port,host:port/chroot", as for `connect`. Ignored when a client is given.
  std::string address{};

  /// Of the lock: "/my/locks". Slashes in front and at the end are normalised: "my/locks/" is the
  /// same. Parents that are missing are created. Required.
  std::string path{};

  /// How long a grant may be held before the others may take it away; it counts from the grant, and
  /// `Lease::renew` restarts it. 0: for ever. Not negative.
  std::chrono::milliseconds ttl{0};

  /// For locks with a TTL: true also takes the lock away from holders that set no TTL of their own,
  /// as the Go package does, when this lock's TTL has passed since it first saw them hold. It
  /// aborts holders who were never told that they could be: leave it off where you can.
  bool purge_without_ttl = false;

  /// Which value of the Context names the owner. "": owners are not used.
  std::string owner_key{};

  /// For claims, and for the parents that the lock creates. It must let the claims be read.
  Acl acl = Acl::open();

  /// Hook for metrics and tracing, none if null.
  std::shared_ptr<LockObserver> observer{};

  /// How to connect. With a client given, only `logger` is used.
  ClientOptions client{};

  /// Children whose name ends in "-<digits>" are claims. These are further endings in front of the
  /// digits, such as kazoo's "__lock__", for sharing a path with other libraries.
  std::vector<std::string> further_claim_markers{};
};

/// One lock path. Neither copyable nor movable.
///
/// Contending: every `lock` call has a claim of its own in ZooKeeper, so the threads that use one
/// instance queue in the same order as everybody else. A thread that locks what it holds waits for
/// itself, as with a mutex, unless it names an owner: then it gets `already_own_lock`.
///
/// Owners are scoped to the instance, as in Go. Whose grant an unlock releases: see Lock::unlock.
///
/// Lifetime: the destructor cancels the waiters, tells the leases still held that they are lost
/// (`client_closed`) and removes their claims; it blocks for at most a second. Leases may outlive
/// it.
///
/// Thread safety: all of it may be called from many threads at once.
class ZKLOCK_EXPORT ZooKeeperLock : public Lock {
 public:
  /// Connects, and creates the path; blocks until then, at most for about `client.connect_timeout`.
  /// LockError: `invalid_config`, saying which field and why; `locking_failed`, naming the address.
  explicit ZooKeeperLock(ZooKeeperLockConfig config);

  /// Uses a client that may be shared with other locks. Touches nothing yet. LockError:
  /// `invalid_config`, also for a null client.
  ZooKeeperLock(ZooKeeperLockConfig config, std::shared_ptr<ZooKeeperClient> client);

  ~ZooKeeperLock() override;

  ZooKeeperLock(const ZooKeeperLock&) = delete;
  ZooKeeperLock& operator=(const ZooKeeperLock&) = delete;

  /// Names the owner of the calling thread's grant, or of any. The name stays within this instance.
  /// LockError: `owner_already_set`; `lock_lost`; `not_lock_owner` if the grant is not this lock's,
  /// or the thread has none.
  void set_owner(std::string owner);
  void set_owner(const Lease& lease, std::string owner);

  /// The current grant, or an empty lease.
  [[nodiscard]] Lease lease() const;

  /// The queue: the holder first. One request, and one more for each claim. LockError:
  /// `locking_timed_out`, `locking_canceled`, `locking_failed`.
  [[nodiscard]] LockEntries entries(const Context& context = {}) const;

 private:
  class Impl;

  Lease do_lock(const Context& context) override;
  void do_unlock(const Context& context) override;
  void do_unlock(const Lease& lease, const Context& context) override;
  [[nodiscard]] std::string do_owner() const override;

  std::shared_ptr<Impl> impl_;  // shared with calls that are under way
};

}  // namespace zklock

#endif  // ZKLOCK_ZOOKEEPER_LOCK_H_
