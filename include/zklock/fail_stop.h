// zklock/fail_stop.h: ends the process before its lease ends.
//
// For work that cannot be interrupted, and writes to what cannot compare fencing tokens: a process
// that no longer runs writes nothing. (examples/leases.md, "A warning before the end")
#ifndef ZKLOCK_FAIL_STOP_H_
#define ZKLOCK_FAIL_STOP_H_

#include <zklock/lock.h>

#include <chrono>
#include <memory>

namespace zklock {

/// While it lives, the process ends as by `_exit(76)` when no more than `margin` is left of the
/// lease, or when the lease is lost: no destructors, no exit handlers, no flushing. Before that it
/// writes one line to standard error, unless nobody reads that. Nothing happens once the lease is
/// released.
///
/// It has a thread of its own, which waits for nothing but the time, and takes no signals. So other
/// threads that spin, block or hang do not keep it. This is what it cannot do:
///
/// - It has no higher priority than others. The margin has to cover how long the system may keep a
///   thread waiting for a CPU.
/// - A process that is frozen (SIGSTOP, a debugger, a virtual machine that is moved) ends only
///   after it goes on, and its other threads may run for a moment before that. After a suspension
///   of the machine, that moment can be a twelfth of the session timeout. So it does not replace
///   fencing.
/// - A child that was forked is not ended, and programs that the process has started go on.
///
/// `exit` ends all leases, so a process that exits with this in force ends here: disarm it, or
/// release the lease, before that.
class ZKLOCK_EXPORT FailStop {
 public:
  /// EX_PROTOCOL of sysexits.h.
  static constexpr int kExitStatus = 76;

  /// Throws LockError: `lock_lost` if the lease is empty or has ended; `invalid_config` for a
  /// margin that does not fit (see Lease::ending); `locking_failed` if there is no thread to be
  /// had. If no more than `margin` is left, the process ends now: `lease.require(margin)` before
  /// this helps.
  FailStop(const Lease& lease, std::chrono::milliseconds margin);
  /// Disarms it.
  ~FailStop();
  FailStop(const FailStop&) = delete;
  FailStop& operator=(const FailStop&) = delete;

 private:
  class Watch;

  std::unique_ptr<Watch> watch_;
};

}  // namespace zklock

#endif  // ZKLOCK_FAIL_STOP_H_
