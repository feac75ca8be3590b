#include "cli/queue_changes.h"

#include <algorithm>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

namespace zklock::cli {

/// Whether the watch of one look has said anything.
class QueueChanges::Changes : public Watcher {
 public:
  void on_event(const WatchEvent& event) override {
    static_cast<void>(event);
    {
      const std::lock_guard lock(mutex_);
      has_come_ = true;
    }
    changed_.notify_all();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }

  bool wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    return changed_.wait(lock, stop, [this] { return has_come_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool has_come_ = false;  // guarded by mutex_
};

QueueChanges::QueueChanges(std::string path, const CommandSession& session)
    : path_(std::move(path)), session_(session) {}

LockEntries QueueChanges::look() {
  watch();  // first, so that no change is missed
  return session_.queue(path_).entries;
}

bool QueueChanges::wait(const std::stop_token& stop) { return changes_->wait(stop); }

/// Watches the list; if there is none, that of the nearest parent: there the missing one will come.
void QueueChanges::watch() {
  changes_ = std::make_shared<Changes>();
  for (std::string watched = path_;;) {
    const Result<Children> list = session_.ask([&](const Context& context) {
      return session_.client->children_and_watch(watched, changes_, context);
    });
    if (list) return;
    if (list.error() != ZooKeeperErrc::no_node || watched == "/") {
      throw LockError(Errc::locking_failed, "cannot watch " + watched, list.error());
    }
    watched.resize(std::max<std::size_t>(watched.rfind('/'), 1));
  }
}

}  // namespace zklock::cli
