#include "wire/outage_log.h"

#include <utility>
#include <vector>

#include "base/background.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

struct OutageLogs {
  Mutex mutex;
  std::vector<std::weak_ptr<OutageLog>> all ZKLOCK_GUARDED_BY(mutex);
};

}  // namespace

std::shared_ptr<OutageLog> OutageLog::shared(const std::shared_ptr<Logger>& logger,
                                             const std::string& address) {
  if (!logger) return std::make_shared<OutageLog>(Log(), address);
  const std::shared_ptr<Background> background = Background::shared();
  const auto registry = background->shared_objects.get<OutageLogs>();
  const MutexLock lock(registry->mutex);
  std::erase_if(registry->all, [](const auto& known) { return known.expired(); });
  for (const std::weak_ptr<OutageLog>& known : registry->all) {
    auto log = known.lock();
    if (log && log->log_.logger() == logger && log->address_ == address) return log;
  }
  auto log = std::make_shared<OutageLog>(Log(logger, background), address);
  registry->all.push_back(log);
  return log;
}

void OutageLog::on_failure(LogLevel level, std::string text) {
  if (!log_.enabled()) return;
  Outage::Line line;
  {
    const MutexLock lock(mutex_);
    line = outage_.on_failure(Platform::current().boot_now(), {level, std::move(text)});
  }
  write(line);
}

void OutageLog::tell(Outage::Line (Outage::*event)(BootTime)) {
  if (!log_.enabled()) return;
  Outage::Line line;
  {
    const MutexLock lock(mutex_);
    line = (outage_.*event)(Platform::current().boot_now());
  }
  write(line);
}

void OutageLog::on_detail(LogLevel level, const std::string& text) {
  {
    const MutexLock lock(mutex_);
    if (outage_.is_going_on()) return;
  }
  log_.write(level, text);
}

void OutageLog::write(const Outage::Line& line) const {
  if (!line.text.empty()) log_.write(line.level, line.text);
}

}  // namespace zklock::internal
