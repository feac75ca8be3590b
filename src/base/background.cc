#include "base/background.h"

#include <cstdlib>

#include "base/closer.h"
#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

struct Registry {
  Mutex mutex;
  std::weak_ptr<Background> current ZKLOCK_GUARDED_BY(mutex);
  int forks ZKLOCK_GUARDED_BY(mutex) = 0;  // fork_count when it was created
};

/// Never destroyed on a real machine: locks may be created and destroyed while the process exits.
Registry& the_registry() {
  static const int registered = std::atexit([] {
    auto& registry = Platform::current().process_wide<Registry>();
    std::shared_ptr<Background> background;
    {
      const MutexLock lock(registry.mutex);
      if (registry.forks == fork_count()) background = registry.current.lock();
    }
    if (background) background->stop();
  });
  static_cast<void>(registered);
  return Platform::current().process_wide<Registry>();
}

}  // namespace

std::shared_ptr<Background> Background::shared() {
  Registry& registry = the_registry();
  const MutexLock lock(registry.mutex);
  const int forks = fork_count();
  std::shared_ptr<Background> background =
      registry.forks == forks ? registry.current.lock() : nullptr;
  if (!background) {
    // Its last user may be one of its own tasks, and a callback of the user's may take long: so the
    // closer ends it. In a forked child its threads do not exist, so it is leaked.
    background.reset(new Background, [forks](Background* ended) {
      if (fork_count() == forks) close_later(Ending::thread, [ended] { delete ended; });
    });
    registry.current = background;
    registry.forks = forks;
  }
  return background;
}

}  // namespace zklock::internal
