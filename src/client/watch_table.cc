#include "client/watch_table.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

void notify_one(Watcher& watcher, const WatchEvent& event, const Log& log) noexcept {
  try {
    watcher.on_event(event);
  } catch (const std::exception& error) {
    log.error([&] { return "a watcher of " + event.path + " threw: " + error.what(); });
  } catch (...) {
    log.error([&] { return "a watcher of " + event.path + " threw"; });
  }
}

}  // namespace

WatchTable::WatchTable(UserCallbacks callbacks, Log log)
    : callbacks_(std::move(callbacks)), log_(std::move(log)) {}

WatchTable::Added WatchTable::add(const std::string& path,
                                  const std::shared_ptr<Watcher>& watcher) {
  const MutexLock lock(mutex_);
  Entry& entry = entries_[path];
  if (entry.generation == 0) entry.generation = ++last_generation_;
  std::erase_if(entry.watchers, [](const auto& known) { return known.expired(); });
  const bool is_known = std::any_of(entry.watchers.begin(), entry.watchers.end(),
                                    [&](const auto& known) { return known.lock() == watcher; });
  if (!is_known) entry.watchers.push_back(watcher);
  if (!entry.stands) ++entry.requests;
  return {!entry.stands, entry.generation};
}

WatchTable::Entry* WatchTable::find(const std::string& path, std::uint64_t generation) {
  const auto entry = entries_.find(path);
  return entry != entries_.end() && entry->second.generation == generation ? &entry->second
                                                                           : nullptr;
}

void WatchTable::watch_stands(const std::string& path, std::uint64_t generation) {
  const MutexLock lock(mutex_);
  Entry* const entry = find(path, generation);
  if (entry == nullptr) return;
  --entry->requests;
  if (std::exchange(entry->stands, true)) return;
  ++totals_.count;
  totals_.path_bytes += path.size();
}

void WatchTable::watch_failed(const std::string& path, std::uint64_t generation) {
  const MutexLock lock(mutex_);
  Entry* const entry = find(path, generation);
  if (entry == nullptr) return;
  --entry->requests;
  if (entry->is_unused()) entries_.erase(path);
}

WatchTable::Totals WatchTable::totals() const noexcept {
  const MutexLock lock(mutex_);
  return totals_;
}

void WatchTable::remove(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
  const MutexLock lock(mutex_);
  const auto entry = entries_.find(path);
  if (entry == entries_.end()) return;
  std::erase_if(entry->second.watchers,
                [&](const auto& known) { return known.expired() || known.lock() == watcher; });
  if (entry->second.is_unused()) entries_.erase(entry);
}

void WatchTable::fire(WatchEvent::Type type, const std::string& path, std::uint64_t connection) {
  std::vector<std::weak_ptr<Watcher>> watchers;
  {
    const MutexLock lock(mutex_);
    const auto entry = entries_.find(path);
    if (entry == entries_.end()) return;
    watchers = std::move(entry->second.watchers);
    if (entry->second.stands) {
      --totals_.count;
      totals_.path_bytes -= path.size();
    }
    entries_.erase(entry);
  }
  notify(watchers, WatchEvent{type, path, connection});
}

void WatchTable::reconnected(std::uint64_t connection) {
  std::map<std::string, Entry> entries;
  {
    const MutexLock lock(mutex_);
    for (auto& [path, entry] : entries_) {
      std::erase_if(entry.watchers, [](const auto& known) { return known.expired(); });
    }
    std::erase_if(entries_, [](const auto& known) { return known.second.is_unused(); });
    entries = entries_;
  }
  for (const auto& [path, entry] : entries) {
    notify(entry.watchers, WatchEvent{WatchEvent::Type::reconnected, path, connection});
  }
}

void WatchTable::lost_with_wire() {
  const MutexLock lock(mutex_);
  for (auto& [path, entry] : entries_) {
    entry.stands = false;
    entry.requests = 0;
    entry.generation = ++last_generation_;
  }
  totals_ = Totals{};
}

void WatchTable::session_lost(std::uint64_t connection) {
  std::map<std::string, Entry> entries;
  {
    const MutexLock lock(mutex_);
    entries.swap(entries_);
    totals_ = Totals{};
  }
  for (const auto& [path, entry] : entries) {
    notify(entry.watchers, WatchEvent{WatchEvent::Type::session_lost, path, connection});
  }
}

void WatchTable::notify(const std::vector<std::weak_ptr<Watcher>>& watchers,
                        const WatchEvent& event) {
  for (const std::weak_ptr<Watcher>& weak : watchers) {
    const std::shared_ptr<Watcher> watcher = weak.lock();
    if (!watcher) continue;
    if (watcher->is_prompt()) {
      notify_one(*watcher, event, log_);
    } else {
      callbacks_.post([weak, event, log = log_] {
        if (const std::shared_ptr<Watcher> still = weak.lock()) notify_one(*still, event, log);
      });
    }
  }
}

}  // namespace zklock::internal
