#include "lock/removal_report.h"

#include <utility>

namespace zklock::internal {

void RemovalReport::note(Event event, const std::string& path, std::error_code error) noexcept {
  if (!observed_.observer) return;
  try {
    {
      const MutexLock lock(mutex_);
      news_.push_back({event, path, error});
      if (std::exchange(is_reporting_, true)) return;
    }
    observed_.callbacks.post([self = shared_from_this()] { self->report_all(); });
  } catch (...) {  // out of memory
    const MutexLock lock(mutex_);
    is_reporting_ = false;
    observed_.log.error("could not report the removal of a claim");
  }
}

std::list<RemovalReport::News> RemovalReport::take_news() noexcept {
  const MutexLock lock(mutex_);
  is_reporting_ = !news_.empty();
  return std::exchange(news_, {});
}

void RemovalReport::report_all() noexcept {
  for (std::list<News> all = take_news(); !all.empty(); all = take_news()) {
    for (const News& news : all) report(news);
  }
}

void RemovalReport::report(const News& news) const noexcept {
  observed_.observe(trace_, [&news](LockObserver& observer) {
    switch (news.event) {
      case Event::pending:
        return observer.on_removal_pending(news.path);
      case Event::removed:
        return observer.on_removed(news.path);
      case Event::failed:
        return observer.on_removal_failed(news.path, news.error);
    }
  });
}

}  // namespace zklock::internal
