#include "base/background.h"

#include <cstdlib>
#include <mutex>

#include "base/closer.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

struct Registry {
  std::mutex mutex;
  std::weak_ptr<Background> current;  // guarded by mutex
  int forks = 0;                      // guarded by mutex: when it was made
};

/// Never destroyed on a real machine: locks may be made and destroyed while the process exits.
Registry& the_registry() {
  static const int registered = std::atexit([] {
    auto& registry = Platform::current().process_wide<Registry>();
    std::shared_ptr<Background> background;
    {
      const std::scoped_lock lock(registry.mutex);
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
  const std::scoped_lock lock(registry.mutex);
  const int forks = fork_count();
  std::shared_ptr<Background> background =
      registry.forks == forks ? registry.current.lock() : nullptr;
  if (!background) {
    // Its last user may be one of its own tasks, and a task of the user's may take long: it is
    // ended where neither matters. In a forked child its threads do not exist: it is left alone.
    background.reset(new Background, [forks](Background* ended) {
      if (fork_count() == forks) close_later(Ending::thread, [ended] { delete ended; });
    });
    registry.current = background;
    registry.forks = forks;
  }
  return background;
}

}  // namespace zklock::internal
