#include "libzookeeper_log.h"

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "log.h"

namespace zklock::internal {

namespace {

struct Registry {
  std::mutex mutex;
  std::vector<std::shared_ptr<Logger>> loggers;  // guarded by mutex; one entry for each client
};

Registry& registry() {
  static Registry& instance = *new Registry;  // lines may come while the process exits
  return instance;
}

/// "2026-11-23 11:41:02,123:4242(0x7f...):ZOO_WARN@function@123: text". What is information to
/// libzookeeper (each handle and address) is noise to a service.
LogLevel level_of(std::string_view line) {
  if (line.find(":ZOO_ERROR@") != std::string_view::npos) return LogLevel::error;
  if (line.find(":ZOO_WARN@") != std::string_view::npos) return LogLevel::warning;
  return LogLevel::debug;
}

}  // namespace

LibZooKeeperLog::LibZooKeeperLog(std::shared_ptr<Logger> logger) : logger_(std::move(logger)) {
  if (!logger_) return;
  const std::scoped_lock lock(registry().mutex);
  registry().loggers.push_back(logger_);
}

LibZooKeeperLog::~LibZooKeeperLog() {
  if (!logger_) return;
  const std::scoped_lock lock(registry().mutex);
  auto& loggers = registry().loggers;
  loggers.erase(std::find(loggers.begin(), loggers.end(), logger_));
}

void LibZooKeeperLog::on_line(const char* line) noexcept {
  try {
    std::vector<std::shared_ptr<Logger>> loggers;
    {
      const std::scoped_lock lock(registry().mutex);
      loggers = registry().loggers;
    }
    std::sort(loggers.begin(), loggers.end());
    loggers.erase(std::unique(loggers.begin(), loggers.end()), loggers.end());
    for (const std::shared_ptr<Logger>& logger : loggers) {
      Log(logger).write(level_of(line), [line] { return std::string("libzookeeper: ") + line; });
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory, in a C library's log callback
  }
}

}  // namespace zklock::internal
