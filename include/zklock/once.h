// zklock/once.h: work that one of many machines does, once.
//
//     zklock::ZooKeeperLock lock({.address = "zk1:2181,zk2:2181,zk3:2181", .path =
//     "/cron/report"}); zklock::run_once(lock, {.margin = 500ms}, zklock::once("2026-11-29",
//     write_report));
#ifndef ZKLOCK_ONCE_H_
#define ZKLOCK_ONCE_H_

#include <zklock/acl.h>
#include <zklock/locked_worker.h>

#include <functional>
#include <stop_token>
#include <string>

namespace zklock {

/// Returns whether it is done. After false, or an exception, the next holder may do it. So work
/// that the stop token interrupts returns false.
using OnceWork = std::function<bool(const Lease& lease, std::stop_token stop)>;

/// Work for a LockedWorker, or for `run_once`: of all processes that contend for the lock, one does
/// `work` for this key, ever. Its result is AfterRun::stop if it is done, now or before, and
/// AfterRun::pause if it is not.
///
/// That it is done is stored in a persistent znode, the mark: "<path of the lock>.once/<key>". A
/// GuardedWrite creates it when the work has returned, so a holder who is late cannot. Its data say
/// when and where, as those of a claim. It stays until somebody deletes it; then the work may be
/// done again.
///
/// Done once means: nobody begins the work when it is marked as done. A holder who does the work
/// and dies before the mark is stored has done it for nothing: the next one does it again.
///
/// `acl`: of the mark and its directory, which is created before the work. It must allow to read,
/// and to create children. Takes up to seven requests beside the work. The result throws, besides
/// the exceptions of the work, LockErrors: `no_server_answered` and `locking_failed` before the
/// work, and those of GuardedWrite::commit before and after it.
///
/// Throws LockError `invalid_config` for an empty work, or a key that cannot name a znode: it must
/// not be empty, nor have a slash in it.
[[nodiscard]] ZKLOCK_EXPORT LockedWork once(std::string key, OnceWork work,
                                            const Acl& acl = Acl::open());

}  // namespace zklock

#endif  // ZKLOCK_ONCE_H_
