// watch_table.h: the watchers of each znode, for one kind of watch.
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
#include "base/user_callbacks.h"

namespace zklock::internal {

/// Keeps one watch of a kind (of the data, or of the list of children) on the server for each
/// znode, however many watchers it has here, and however often it is watched: ten thousand waits
/// for one holder that were given up leave one watch. Refers to watchers weakly.
///
/// Thread safety: all functions may be called from any thread. Events come from the wire's thread,
/// and are delivered in their order. No watcher runs with the mutex held.
class WatchTable {
 public:
  /// `callbacks` run the watchers that are not prompt.
  WatchTable(UserCallbacks callbacks, Log log);

  /// How the caller of `add` has to read the znode.
  struct Added {
    bool must_set_watch = false;   // no watch is known to be set
    std::uint64_t generation = 0;  // for watch_stands and watch_failed
  };

  /// Adds a watcher. The caller then reads the znode, and sets the watch with it if it must. Called
  /// before that request is sent, so that no event is missed.
  [[nodiscard]] Added add(const std::string& path, const std::shared_ptr<Watcher>& watcher);
  /// A request has set the watch, so further watchers need none. Has no effect if that watch has
  /// fired or was lost meanwhile: then its generation is over.
  void watch_stands(const std::string& path, std::uint64_t generation);
  /// A request that should have set the watch has not.
  void watch_failed(const std::string& path, std::uint64_t generation);
  /// One of these two.
  void answered(const std::string& path, std::uint64_t generation, bool is_set) {
    is_set ? watch_stands(path, generation) : watch_failed(path, generation);
  }
  /// The watcher is not notified any more.
  void remove(const std::string& path, const std::shared_ptr<Watcher>& watcher);

  /// The watches that are known to be set on the server.
  struct Totals {
    std::size_t count = 0;
    std::size_t path_bytes = 0;

    [[nodiscard]] Totals operator+(const Totals& other) const noexcept {
      return {count + other.count, path_bytes + other.path_bytes};
    }
  };
  [[nodiscard]] Totals totals() const noexcept;

  /// The watch of `path` fired: notifies its watchers and removes them.
  void fire(WatchEvent::Type type, const std::string& path, std::uint64_t connection);
  /// The connection was replaced: notifies all watchers, and keeps them. libzookeeper sets the
  /// watches again.
  void reconnected(std::uint64_t connection);
  /// The wire was replaced, but not the session: no watch is set any more.
  void lost_with_wire();
  /// The session is gone, and all watches with it: notifies all watchers and removes them.
  void session_lost(std::uint64_t connection);

 private:
  struct Entry {
    bool stands = false;           // the watch is set on the server
    int requests = 0;              // under way that set the watch: it may stand without a watcher
    std::uint64_t generation = 0;  // of the watch: a new number after it has fired or was lost
    std::vector<std::weak_ptr<Watcher>> watchers;

    [[nodiscard]] bool is_unused() const noexcept {
      return watchers.empty() && !stands && requests == 0;
    }
  };

  [[nodiscard]] Entry* find(const std::string& path, std::uint64_t generation)
      ZKLOCK_REQUIRES(mutex_);
  void notify(const std::vector<std::weak_ptr<Watcher>>& watchers, const WatchEvent& event);

  const UserCallbacks callbacks_;
  const Log log_;
  mutable Mutex mutex_;
  std::map<std::string, Entry> entries_
      ZKLOCK_GUARDED_BY(mutex_);             // with a watch, a request for one, or watchers
  Totals totals_ ZKLOCK_GUARDED_BY(mutex_);  // of the watches that are set
  std::uint64_t last_generation_ ZKLOCK_GUARDED_BY(mutex_) = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_WATCH_TABLE_H_
