// closer.h: ending, in the background, what takes long to end.
#ifndef ZKLOCK_SRC_BASE_CLOSER_H_
#define ZKLOCK_SRC_BASE_CLOSER_H_

#include <functional>

namespace zklock::internal {

/// Two lanes, as a thread that has to be joined may be in the hands of a resolver or of the user
/// for as long as these like, and no session's end is to wait for that.
enum class Ending { session, thread };

/// Runs `job` on a thread of its lane, after those that are before it: closing libzookeeper's
/// handle can take 4.5 s. The thread ends when it has nothing to do, and is waited for when the
/// process exits. Jobs do not throw. After that, and when no thread can be started, the job is run
/// here. Does not throw.
void close_later(Ending lane, std::function<void()> job) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_CLOSER_H_
