// watch_table.h: who waits for an event of which znode.
#ifndef ZKLOCK_SRC_CLIENT_WATCH_TABLE_H_
#define ZKLOCK_SRC_CLIENT_WATCH_TABLE_H_

#include <zklock/zookeeper_client.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/background.h"
#include "base/log.h"
#include "base/mutex.h"

namespace zklock::internal {

/// Keeps one watch on the server for each znode, however many watch it here, and however often: ten
/// thousand waits for one holder that were given up leave one watch behind. Watchers are referred
/// to weakly.
///
/// Thread safety: all of it may be called from any thread; events are delivered in the order of the
/// calls, which come from the wire's thread. No watcher runs with the mutex held.
class WatchTable {
 public:
  WatchTable(std::shared_ptr<Background> background, Log log);

  /// What the request has to do that follows an `add`.
  struct Added {
    bool must_set_watch = false;   // none is known to stand
    std::uint64_t generation = 0;  // for watch_stands
  };

  /// Adds a watcher; the caller reads the znode next, and sets the watch with it if it must. Call
  /// it before the request is sent, so that no event is missed.
  [[nodiscard]] Added add(const std::string& path, const std::shared_ptr<Watcher>& watcher);
  /// A request that set the watch succeeded: further watchers need none. Nothing happens if that
  /// watch has fired, or was lost, meanwhile: then its generation is over.
  void watch_stands(const std::string& path, std::uint64_t generation);
  /// The request failed: this watcher is told nothing.
  void remove(const std::string& path, const std::shared_ptr<Watcher>& watcher);

  /// What is known to stand on the server.
  struct Totals {
    std::size_t count = 0;
    std::size_t path_bytes = 0;
  };
  [[nodiscard]] Totals totals() const noexcept;

  /// The watch of `path` fired: tells its watchers, which are through then.
  void fire(WatchEvent::Type type, const std::string& path, std::uint64_t connection);
  /// The connection was replaced: tells all watchers, which stay. The watches stand: libzookeeper
  /// sets them again.
  void reconnected(std::uint64_t connection);
  /// The wire was replaced, but not the session: no watch stands any more.
  void lost_with_wire();
  /// The session, and all watches with it, is gone: tells all watchers, which are through then.
  void session_lost(std::uint64_t connection);

 private:
  struct Entry {
    bool stands = false;           // the watch, on the server
    std::uint64_t generation = 0;  // of the watch: a new number when one has fired or was lost
    std::vector<std::weak_ptr<Watcher>> watchers;
  };

  void tell(const std::vector<std::weak_ptr<Watcher>>& watchers, const WatchEvent& event);

  const std::shared_ptr<Background> background_;
  const Log log_;
  mutable Mutex mutex_;
  std::map<std::string, Entry> entries_
      ZKLOCK_GUARDED_BY(mutex_);             // those that stand, or have watchers
  Totals totals_ ZKLOCK_GUARDED_BY(mutex_);  // those of entries_ that stand
  std::uint64_t last_generation_ ZKLOCK_GUARDED_BY(mutex_) = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_WATCH_TABLE_H_
