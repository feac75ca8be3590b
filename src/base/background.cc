#include "base/background.h"

#include <atomic>
#include <chrono>
#include <cstdlib>

#include "base/closer.h"
#include "base/farewell.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

/// For hooks that were called late, beyond what the servers may take.
constexpr std::chrono::milliseconds kLateHooks{100};

/// A forked child has one of its own.
struct CurrentBackground {
  Mutex mutex;
  std::weak_ptr<Background> current ZKLOCK_GUARDED_BY(mutex);
  std::shared_ptr<Background> last ZKLOCK_GUARDED_BY(mutex);  // once the process exits
  bool exits ZKLOCK_GUARDED_BY(mutex) = false;
};

void end_at_exit() noexcept {
  auto& registry = Platform::current().process_wide<CurrentBackground>();
  std::shared_ptr<Background> background;
  {
    const MutexLock lock(registry.mutex);
    background = registry.current.lock();
    registry.last = background;  // not destroyed: threads that are left behind use it
    registry.exits = true;
  }
  const Farewell farewell;
  const SteadyTime end = farewell.deadline() + kLateHooks;
  if (background) {
    background->ends_at_exit.end(farewell.context());
    background->losses.stop_at_exit(end);
    background->watchers.stop_at_exit(end);
    background->timers.stop();
  }
  wait_for_closers_at_exit(end);
}

}  // namespace

// Called before the first use: what the application makes after that in static storage is destroyed
// before the handler runs.
void Background::end_when_the_process_exits() noexcept {
  static std::atomic<bool> is_registered{false};
  if (!is_registered.exchange(true)) std::atexit(end_at_exit);
}

std::shared_ptr<Background> Background::shared() {
  end_when_the_process_exits();
  auto& registry = Platform::current().process_wide<CurrentBackground>();
  const MutexLock lock(registry.mutex);
  std::shared_ptr<Background> background = registry.current.lock();
  if (!background) {
    // Its last user may be one of its own tasks, and a callback of the user's may take long: so the
    // closer ends it. In a forked child its threads do not exist, so it is leaked.
    background.reset(new Background, [forks = fork_count()](Background* ended) {
      if (fork_count() == forks) close_later(Ending::thread, [ended] { delete ended; });
    });
    registry.current = background;
    if (registry.exits) background->ends_at_exit.end(Context());  // what uses it ends at once
  }
  return background;
}

}  // namespace zklock::internal
