// Tells who holds the lock while `zklock run` waits for it.
#ifndef ZKLOCK_SRC_CLI_WAITING_REPORT_H_
#define ZKLOCK_SRC_CLI_WAITING_REPORT_H_

#include <zklock/lock_entries.h>

#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "cli/command_session.h"

namespace zklock::cli {

/// On standard error: one line that changes if that is a terminal, otherwise a line for each new
/// holder. Nothing while the wait is a short one.
///
/// All that wait read the whole queue, so the longer it is, the less often each of them looks.
class WaitingReport {
 public:
  /// REQUIRES: `session` outlives it.
  WaitingReport(std::string path, const CommandSession& session);
  /// Takes the line away.
  ~WaitingReport();
  WaitingReport(const WaitingReport&) = delete;
  WaitingReport& operator=(const WaitingReport&) = delete;

 private:
  void follow(const std::stop_token& stop);
  void show(const LockEntries& queue);
  void show_line(const std::string& text);

  const std::string path_;
  const CommandSession& session_;
  const bool is_terminal_;
  std::string shown_{};  // of the thread, until it has ended
  std::jthread thread_;  // last: it uses the others
};

/// "/my/locks is held by ann on db7 (pid 42) since ...; 2 ahead".  `queue` has a holder.
[[nodiscard]] std::string describe_wait(const std::string& path, const LockEntries& queue);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_WAITING_REPORT_H_
