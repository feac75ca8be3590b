// removal_report.h: reports to the observer what becomes of a claim that is removed in the
// background.
#ifndef ZKLOCK_SRC_LOCK_REMOVAL_REPORT_H_
#define ZKLOCK_SRC_LOCK_REMOVAL_REPORT_H_

#include <zklock/advanced/claim_client.h>

#include <list>
#include <memory>
#include <string>
#include <system_error>
#include <utility>

#include "base/mutex.h"
#include "lock/observed.h"

namespace zklock::internal {

/// Callbacks run on any of several threads: so one reports all news that there are by then, one
/// after the other, and the next one is not posted before that is done.
///
/// Thread safety: all functions may be called from any thread.
class RemovalReport final : public RemovalListener,
                            public std::enable_shared_from_this<RemovalReport> {
 public:
  RemovalReport(Observed observed, std::string trace)
      : observed_(std::move(observed)), trace_(std::move(trace)) {}

  void on_pending(const std::string& path) noexcept override { note(Event::pending, path, {}); }
  void on_removed(const std::string& path) noexcept override { note(Event::removed, path, {}); }
  void on_failed(const std::string& path, std::error_code error) noexcept override {
    note(Event::failed, path, error);
  }
  [[nodiscard]] const std::string& trace() const noexcept override { return trace_; }

 private:
  enum class Event { pending, removed, failed };
  struct News {
    Event event;
    std::string path;
    std::error_code error;
  };

  void note(Event event, const std::string& path, std::error_code error) noexcept;
  void report_all() noexcept;
  void report(const News& news) const noexcept;
  [[nodiscard]] std::list<News> take_news() noexcept;

  const Observed observed_;
  const std::string trace_;

  Mutex mutex_;
  bool is_reporting_ ZKLOCK_GUARDED_BY(mutex_) = false;  // a callback is posted, or runs
  std::list<News> news_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_REMOVAL_REPORT_H_
