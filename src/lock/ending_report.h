// ending_report.h: reports to the observer that a lease is ending.
#ifndef ZKLOCK_SRC_LOCK_ENDING_REPORT_H_
#define ZKLOCK_SRC_LOCK_ENDING_REPORT_H_

#include <memory>
#include <stop_token>
#include <utility>

#include "base/mutex.h"
#include "lock/lease_state.h"
#include "lock/lock_settings.h"

namespace zklock::internal {

/// Once, and again when the end that it has reported has passed and the lease goes on.
///
/// Thread safety: all functions may be called from any thread.
class EndingReport : public std::enable_shared_from_this<EndingReport> {
 public:
  EndingReport(std::shared_ptr<const LockSettings> settings, std::weak_ptr<LeaseState> lease)
      : settings_(std::move(settings)), lease_(std::move(lease)) {}

  /// Unless nobody wants to know. The lease keeps the report.
  static void begin(const std::shared_ptr<const LockSettings>& settings, LeaseState& lease);

 private:
  struct Warned {
    std::weak_ptr<EndingReport> report;
    void operator()() const noexcept;
  };

  void watch() noexcept;
  void report() noexcept;

  const std::shared_ptr<const LockSettings> settings_;
  const std::weak_ptr<LeaseState> lease_;

  Mutex mutex_;
  int watches_ ZKLOCK_GUARDED_BY(mutex_) = 0;                                      // so far
  std::unique_ptr<std::stop_callback<Warned>> warning_ ZKLOCK_GUARDED_BY(mutex_);  // of the last
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_ENDING_REPORT_H_
