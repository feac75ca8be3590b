// zklock/zookeeper_lock.h: start here. A lock that services on many machines contend for.
//
//     zklock::ZooKeeperLock lock({.address = "zk1:2181,zk2:2181,zk3:2181", .path = "/my/locks"});
//     zklock::LockGuard guard(lock, 3s);
//     store.write(value, guard.lease().fencing_token());
//
// lock.h has the calls, context.h deadlines and cancellation, error.h the errors. The guide:
// examples/README.md. How it works: src/README.md. Why it is safe: src/SAFETY.md.
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

/// How a lock creates its directory, the last znode of its path.
enum class DirectoryKind {
  /// The servers remove it when it is empty and was in use: they look for such directories once a
  /// minute, unless configured otherwise. The next `lock` creates it again. So the names of locks
  /// that are not used any more leave nothing behind. Other znodes in it, of yours or of another
  /// library, keep it. Servers or clients that have no containers get a persistent one.
  container,
  persistent,  // it stays
};

/// What becomes of a lease when it is not certain any more that its session stands, because no
/// server has confirmed it in time. `Lease::valid` is false from then on in either case.
enum class WhenUncertain {
  lose,  // it is lost for good, and its claim is removed
  /// It is suspended, and its claim keeps its place in the queue. Once servers have confirmed
  /// session and claim, the same lease is valid again, with its token. It is lost when the session
  /// or the claim proves to have ended, when there was no connection for three session timeouts, or
  /// its TTL is over. Work under it must stop at Lease::suspended, and may go on after
  /// Lease::await_certainty.
  suspend,
};

/// Which lock it is, and how it behaves. Every member has a default, so any may be left out.
struct ZooKeeperLockConfig {
  /// "host:port,host:port/chroot", as for `connect`. Ignored when a client is given.
  std::string address{};

  /// The path of the lock: "/my/locks". Slashes in front and at the end are normalised: "my/locks/"
  /// is the same. What is missing is created: the parents to stay, the last part as `directory`
  /// says. Required.
  std::string path{};

  /// How long a grant may be held before other contenders may take it away. It counts from the
  /// grant, and `Lease::renew` restarts it. 0: no limit. Not negative. A number alone does not
  /// compile ("no matching function"), as it has no unit: write `.ttl = std::chrono::seconds(30)`,
  /// or `.ttl = 30s` after `using namespace std::chrono_literals`.
  std::chrono::milliseconds ttl{0};

  /// For locks with a TTL: true also takes the lock away from holders that set no TTL of their own,
  /// as the Go package does, when this lock's TTL has passed since it first saw them hold. Such
  /// holders do not expect that: leave it off where you can.
  bool purge_without_ttl = false;

  /// The key of the Context value that names the owner. "": owners are not used.
  std::string owner_key{};

  /// For claims, and for the parents that the lock creates. It must allow to read the claims.
  Acl acl = Acl::open();

  /// A hook for metrics and tracing. It may be called after the lock is destroyed, for what goes on
  /// in the background. Null: none.
  std::shared_ptr<LockObserver> observer{};

  /// How to connect. With a client given, only `logger` and `callback_executor` are used.
  ClientOptions client{};

  /// Children whose name ends in "-<digits>" are claims. These are further endings in front of the
  /// digits, such as kazoo's "__lock__", for sharing a path with other libraries.
  std::vector<std::string> further_claim_markers{};

  /// How the path is created if it does not exist.
  DirectoryKind directory = DirectoryKind::container;

  /// What becomes of a lease while no server confirms its session. A client of your own needs
  /// Session::certain_again and ClaimClient::check_in_background for `suspend`; one that passes
  /// calls on to a client of `connect` needs ZooKeeperClient::multi.
  WhenUncertain when_uncertain = WhenUncertain::lose;

  /// The key of the Context value that is the trace id of a call of `lock`. The id is written into
  /// the claim (LockEntry::trace), is in each log line about it, and in each event: Lease::trace,
  /// LockObserver::trace. At most 1 kB of UTF-8; what others see of it is corrected and cut, as
  /// with owners. "": there are none.
  std::string trace_key{};

  /// When the observer learns that a lease is ending: so long before its end. 0: never. Where it is
  /// longer than Lease::longest_margin allows, it is that, and at most half of a TTL. Not negative.
  std::chrono::milliseconds observer_margin{0};
};

/// One lock path. Neither copyable nor movable.
///
/// Contending: every `lock` call has a claim of its own in ZooKeeper, so threads that use one
/// instance queue in the same order as other processes. A thread that locks again what it holds
/// waits for itself, as with a mutex, unless it names an owner: then it gets `already_own_lock`.
///
/// Owners are scoped to the instance, as in Go. Which grant an unlock releases: see Lock::unlock.
///
/// Lifetime: the destructor cancels the waiters, ends the leases that are still held as lost
/// (`client_closed`), and removes their claims. It blocks for at most a second, and many that wait
/// in vain, one after the other, for about a second in all. What is not done by then is done in the
/// background. Leases may outlive the lock.
///
/// When the process exits (it returns from main, or calls `exit`), the same is done for all locks
/// that still live. That takes about a second at most; a thread that is in a callback of yours by
/// then is left behind. In a forked child, every call of an inherited lock or lease fails with the
/// cause ZooKeeperErrc::forked, and destroying it does nothing. Make new ones there.
///
/// Thread safety: all members may be called from many threads at once.
class ZKLOCK_EXPORT ZooKeeperLock : public Lock {
 public:
  /// Connects, and creates the path. Blocks at most for about `client.connect_timeout`. Throws
  /// LockError: `invalid_config`, which says which field and why; `no_server_answered` after that
  /// time, and `locking_failed` if waiting does not cure it, as for `connect`.
  explicit ZooKeeperLock(ZooKeeperLockConfig config);

  /// Uses a client that may be shared with other locks. Sends nothing yet. Throws LockError:
  /// `invalid_config`, also for a null client.
  ZooKeeperLock(ZooKeeperLockConfig config, std::shared_ptr<ZooKeeperClient> client);

  ~ZooKeeperLock() override;

  ZooKeeperLock(const ZooKeeperLock&) = delete;
  ZooKeeperLock& operator=(const ZooKeeperLock&) = delete;

  /// Names the owner of the calling thread's grant, or of this lease. The name stays within this
  /// instance. Throws LockError: `owner_already_set`; `lock_lost`; `not_lock_owner` if the grant is
  /// not this lock's, or the thread has none.
  void set_owner(std::string owner);
  void set_owner(const Lease& lease, std::string owner);

  /// The current grant, which may be suspended, or an empty lease.
  [[nodiscard]] Lease lease() const;

  /// The queue, the holder first. One request, and one more for each claim. Throws LockError:
  /// `no_server_answered`; `locking_timed_out` if there was no time to read each claim, or the
  /// servers put it off; `locking_canceled`; `locking_failed`.
  [[nodiscard]] LockEntries entries(const Context& context = {}) const;

  /// Blocks until the holder is another one than that of `known`, which this lock has returned
  /// before, and returns the queue; at once if it is. With an empty `known`: until somebody holds.
  /// If the holder goes and nobody follows, returns an empty queue. Changes that follow each other
  /// quickly may be seen as one. Does not queue.
  ///
  /// Does not poll: while somebody holds, it watches that claim, otherwise the list of claims. (The
  /// latter takes a client with children_and_watch; without: `locking_failed`, with the cause
  /// `unimplemented`.) Creates the path if it needs to watch it: who may not do that (`no_auth`)
  /// needs a directory that stays.
  ///
  /// Throws LockError as `entries` does; `locking_timed_out` also if there is no change by the
  /// deadline; `locking_canceled` also when the lock is destroyed.
  [[nodiscard]] LockEntries wait_for_change(const LockEntries& known,
                                            const Context& context = {}) const;

 private:
  class Impl;

  Lease do_lock(const Context& context) override;
  void do_unlock(const Context& context) override;
  void do_unlock(const Lease& lease, const Context& context) override;
  void do_unlock_of_guard(const Context& context) override;
  [[nodiscard]] std::string do_owner() const override;
  [[nodiscard]] std::string do_path() const override;

  std::shared_ptr<Impl> impl_;  // shared with calls in progress
};

}  // namespace zklock

#endif  // ZKLOCK_ZOOKEEPER_LOCK_H_
