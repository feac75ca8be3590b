// reaper.h: one thread for the whole process that ends things which take long to end.
#ifndef ZKLOCK_SRC_REAPER_H_
#define ZKLOCK_SRC_REAPER_H_

#include <functional>

namespace zklock::internal {

/// Runs `job` on the process's closer thread, after those that are before it: closing libzookeeper's
/// handle can take 4.5 s, joining a thread as long as a call of the user's takes. The thread ends when it
/// has nothing to do, and is waited for when the process exits. Jobs do not throw.
///
/// After that, and when no thread can be started, the job is run here. Does not throw.
void end_later(std::function<void()> job) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_REAPER_H_
