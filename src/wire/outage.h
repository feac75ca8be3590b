// outage.h: which lines about lost connections and failed attempts to connect are worth writing.
// While the servers are away there is an attempt every few milliseconds.
#ifndef ZKLOCK_SRC_WIRE_OUTAGE_H_
#define ZKLOCK_SRC_WIRE_OUTAGE_H_

#include <zklock/logger.h>

#include <cstdint>
#include <string>

#include "base/platform.h"

namespace zklock::internal {

/// Each function reports an event, and returns the line to write for it. During an outage that is
/// the first failure, the loss of a connection, a summary each minute and the recovery. If
/// connections break again at once, only a few of these outages are written each minute.
///
/// Thread safety: none.
class Outage {
 public:
  struct Line {
    LogLevel level = LogLevel::debug;
    std::string text{};  // "": nothing to write
  };

  /// `address`: of the servers, as the user wrote it. Outlives it.
  explicit Outage(const std::string& address) : address_(address) {}

  /// An attempt failed, or a connection broke. `failure`: how it is written the first time.
  Line on_failure(BootTime now, Line failure);
  /// A client has lost its connection.
  Line on_lost(BootTime now);
  Line on_connected(BootTime now);
  /// While it lasts, details of the attempts are not worth writing.
  [[nodiscard]] bool is_going_on() const noexcept { return is_going_on_; }

 private:
  void begin(BootTime now);
  [[nodiscard]] std::string since_begun(BootTime now) const;

  const std::string& address_;
  bool was_connected_ = false;
  bool is_going_on_ = false;
  bool is_quiet_ = false;  // of this outage nothing is written before its first summary
  bool is_lost_said_ = false;
  BootTime begun_{};
  BootTime said_{};  // the last line of the minute
  std::uint64_t attempts_ = 0;
  BootTime minute_{};  // in which outages are counted
  int outages_ = 0;    // that began in it
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_OUTAGE_H_
