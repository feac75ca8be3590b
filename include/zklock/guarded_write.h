// zklock/guarded_write.h: writes to ZooKeeper that happen only while the lock is held.
//
//     zklock::GuardedWrite write(guard.lease());
//     write.set("/jobs/nightly/cursor", cursor, seen.version);
//     write.create("/jobs/nightly/runs/17", summary);
//     write.remove("/jobs/nightly/todo/17");
//     write.commit(context);  // all or nothing
#ifndef ZKLOCK_GUARDED_WRITE_H_
#define ZKLOCK_GUARDED_WRITE_H_

#include <zklock/acl.h>
#include <zklock/context.h>
#include <zklock/lock.h>
#include <zklock/multi.h>
#include <zklock/zookeeper_client.h>

#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace zklock {

class ClaimClient;

/// Operations that are carried out together, in one transaction that first checks that the claim
/// stands. So they were done before any later grant of the path, whatever clocks and pauses do: a
/// holder that is late cannot write. Everything that the lock protects must be written in this way.
///
/// Thread safety: one thread at a time.
class ZKLOCK_EXPORT GuardedWrite {
 public:
  /// For the holder, in its session. Throws LockError `lock_lost` for an empty lease.
  explicit GuardedWrite(const Lease& lease);

  /// For work that was handed over to another process with its claim: `znode` and `token` are the
  /// holder's Lease::znode and Lease::fencing_token. `client`: of the same ensemble, and with the
  /// same chroot.
  GuardedWrite(std::shared_ptr<ZooKeeperClient> client, std::string znode, std::int64_t token);

  /// Add an operation; they return this object. Paths are those of the client. The result is as if
  /// they were carried out one after the other. With `version`, the data must have this version
  /// (Stat::version) before.
  GuardedWrite& create(std::string path, std::string data = {}, const Acl& acl = Acl::open());
  GuardedWrite& set(std::string path, std::string data,
                    std::int32_t version = ZooKeeperClient::kAnyVersion);
  GuardedWrite& remove(std::string path, std::int32_t version = ZooKeeperClient::kAnyVersion);
  /// Changes nothing: the others are carried out only if this znode exists with this version.
  GuardedWrite& check(std::string path, std::int32_t version = ZooKeeperClient::kAnyVersion);

  /// Carries out all of them, or none, and forgets them, whatever the outcome. Blocks until it is
  /// known or the deadline passes. Throws LockError:
  ///
  /// - `lock_lost`: the claim does not stand. Nothing was written, and nothing will be.
  /// - `write_failed`: nothing was written, and nothing will be. The text names the operation and
  ///   why; `cause()` is ZooKeeper's error: `bad_version`, `node_exists`, `no_node`, ... Before
  ///   anything is sent, `bad_arguments`: no operation was added, a path is bad, or they are larger
  ///   than a request may be (1 MB in all).
  /// - `no_server_answered`: there was no connection in time. Nothing was written.
  /// - `write_in_doubt`: it was sent, and its outcome is not known. Do not send the same again
  ///   without looking at what is stored.
  ///
  /// When an answer is lost, this looks at the znodes. If the write has a `create`, or a `set` with
  /// a version, they mostly show whether it was done: unless they were written again since, were
  /// made under this grant, or the claim is gone by then. A write that was not done is sent again.
  /// Two writes of one grant with the same operations, versions and data look the same.
  ///
  /// One request; the first commit of a grant takes another one, a read.
  void commit(const Context& context = {});
  void commit(const Context& context, std::error_code& error) noexcept;

 private:
  std::shared_ptr<ClaimClient> client_;
  Lease lease_;  // empty: of another process
  std::string znode_;
  std::int64_t token_ = 0;
  std::vector<MultiOperation> operations_;
};

}  // namespace zklock

#endif  // ZKLOCK_GUARDED_WRITE_H_
