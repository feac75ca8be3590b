// outage_log.h: the log of a client about its connections.
#ifndef ZKLOCK_SRC_WIRE_OUTAGE_LOG_H_
#define ZKLOCK_SRC_WIRE_OUTAGE_LOG_H_

#include <zklock/logger.h>

#include <memory>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "wire/outage.h"

namespace zklock::internal {

/// Clients with the same logger and the same servers share one, so that they report an outage once.
/// Another thread writes the lines: they come from threads of libzookeeper, with its locks held.
///
/// Thread safety: all functions may be called from any thread.
class OutageLog {
 public:
  /// `logger`: may be null.
  static std::shared_ptr<OutageLog> shared(const std::shared_ptr<Logger>& logger,
                                           const std::string& address);

  OutageLog(Log log, std::string address)
      : log_(std::move(log)), address_(std::move(address)), outage_(address_) {}

  /// See Outage.
  void on_failure(LogLevel level, std::string text);
  void on_lost() { tell(&Outage::on_lost); }
  void on_connected() { tell(&Outage::on_connected); }
  /// A detail of an attempt: not written during an outage.
  void on_detail(LogLevel level, const std::string& text);

  [[nodiscard]] const Log& log() const noexcept { return log_; }

 private:
  void tell(Outage::Line (Outage::*event)(BootTime));
  void write(const Outage::Line& line) const;

  const Log log_;
  const std::string address_;
  Mutex mutex_;
  Outage outage_ ZKLOCK_GUARDED_BY(mutex_);
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_OUTAGE_LOG_H_
