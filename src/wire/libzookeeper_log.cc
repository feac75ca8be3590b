#include "wire/libzookeeper_log.h"

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"

namespace zklock::internal {

namespace {

struct Registry {
  struct Entry {
    Log log;
    int clients = 0;
  };
  Mutex mutex;
  std::map<std::shared_ptr<Logger>, Entry> entries ZKLOCK_GUARDED_BY(mutex);
};

Registry& registry() {
  static Registry& instance = *new Registry;  // lines may come while the process exits
  return instance;
}

/// Of "2026-11-23 11:41:02,123:4242(0x7f...):ZOO_WARN@function@123: text". libzookeeper's
/// information (each handle and address) is noise to a service, so it becomes `debug`.
LogLevel level_of(std::string_view line) {
  if (line.find(":ZOO_ERROR@") != std::string_view::npos) return LogLevel::error;
  if (line.find(":ZOO_WARN@") != std::string_view::npos) return LogLevel::warning;
  return LogLevel::debug;
}

}  // namespace

LibZooKeeperLog::LibZooKeeperLog(std::shared_ptr<Logger> logger)
    : logger_(std::move(logger)), background_(Background::shared()) {
  if (!logger_) return;
  const MutexLock lock(registry().mutex);
  Registry::Entry& entry = registry().entries[logger_];
  if (entry.clients++ == 0) entry.log = Log(logger_, background_);
}

LibZooKeeperLog::~LibZooKeeperLog() {
  if (!logger_) return;
  Log unused;  // destroyed without the mutex
  const MutexLock lock(registry().mutex);
  const auto entry = registry().entries.find(logger_);
  if (--entry->second.clients > 0) return;
  unused = std::move(entry->second.log);
  registry().entries.erase(entry);
}

void LibZooKeeperLog::on_line(const char* line) noexcept {
  try {
    std::vector<Log> logs;
    {
      const MutexLock lock(registry().mutex);
      for (const auto& [logger, entry] : registry().entries) logs.push_back(entry.log);
    }
    for (const Log& log : logs) {
      log.write(level_of(line), [line] { return std::string("libzookeeper: ") + line; });
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory, in a C library's log callback
  }
}

}  // namespace zklock::internal
