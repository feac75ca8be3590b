// closer.h: closes sessions and joins threads in the background, as both may take long.
#ifndef ZKLOCK_SRC_BASE_CLOSER_H_
#define ZKLOCK_SRC_BASE_CLOSER_H_

#include <cstddef>
#include <functional>
#include <memory>

#include "base/platform.h"

namespace zklock::internal {

/// Two lanes: a thread that has to be joined may be blocked in a resolver or in the user's code for
/// any time, and no session's end may wait for that.
enum class Ending { session, thread };

/// Closing a handle of libzookeeper takes up to 5.5 s if its server is frozen: so many sessions may
/// do so before another one waits for them.
inline constexpr std::size_t kMostSessionClosers = 4;

/// Starts `job` on a thread of its lane, after the jobs before it have started; those of the thread
/// lane do not overlap. The threads end when they have nothing to do. Jobs must not throw.
///
/// When no thread can be started, the job waits until the lane has one. (`keep_closer` makes sure
/// that the session lane has.) Does not wait: the job may have to join the caller's thread.
void close_later(Ending lane, std::function<void()> job) noexcept;

/// For threads of the application that have ended a session. Once the process exits (in destructors
/// of static objects, for example), nobody else may wait for that: this waits for the jobs of the
/// session lane, for as long as a Farewell may. Otherwise it returns at once.
void await_closers_once_the_process_exits() noexcept;

/// Until the returned object is dropped, the session lane has a thread. A client keeps one as long
/// as it has sessions to close. Throws std::system_error.
[[nodiscard]] std::shared_ptr<void> keep_closer();

/// On a thread of the library that may drop the last reference to a session, whose threads then
/// have to be joined. While this lives, `wait_for_closers_at_exit` waits: a thread that ends after
/// that, and that nobody joins, is what ThreadSanitizer calls a leak.
class MayDropSession {
 public:
  MayDropSession();
  ~MayDropSession();
  MayDropSession(const MayDropSession&) = delete;
  MayDropSession& operator=(const MayDropSession&) = delete;
};

/// The process exits, on this thread: waits until all jobs are done, or until `deadline`. What is
/// not done then ends with the process, as do the threads.
void wait_for_closers_at_exit(SteadyTime deadline) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_CLOSER_H_
