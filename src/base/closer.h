// closer.h: closes sessions and joins threads in the background, as both may take long.
#ifndef ZKLOCK_SRC_BASE_CLOSER_H_
#define ZKLOCK_SRC_BASE_CLOSER_H_

#include <functional>

namespace zklock::internal {

/// Two lanes: a thread that has to be joined may be blocked in a resolver or in the user's code for
/// any time, and no session's end may wait for that.
enum class Ending { session, thread };

/// Runs `job` on the thread of its lane, after the jobs before it. (Closing a handle of
/// libzookeeper can take 4.5 s.) The thread ends when it has nothing to do, and is joined when the
/// process exits. After that, and when no thread can be started, a job of the session lane runs in
/// the caller, and one of the thread lane is leaked. Jobs must not throw.
void close_later(Ending lane, std::function<void()> job) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_CLOSER_H_
