// The queue of a lock as text for people, and as JSON.
#ifndef ZKLOCK_SRC_CLI_QUEUE_REPORT_H_
#define ZKLOCK_SRC_CLI_QUEUE_REPORT_H_

#include <zklock/lock_entries.h>

#include <chrono>
#include <string>
#include <vector>

namespace zklock::cli {

/// A lock and who is in its queue.
struct Queue {
  std::string path{};
  LockEntries entries{};
};

using Now = std::chrono::system_clock::time_point;

[[nodiscard]] inline Now now() { return std::chrono::system_clock::now(); }

/// "user1 on db7 (pid 42) since 2026-11-29 10:00:00, 12s of 30s left". What is not known is left
/// out.
[[nodiscard]] std::string describe(const LockEntry& claim, Now now);

/// The same of the holder, and how many wait: "...; 2 waiting". REQUIRES: there is a holder.
[[nodiscard]] std::string describe_holder(const LockEntries& queue, Now now);

/// A line that says who holds the lock, then a table. Ends with a newline.
[[nodiscard]] std::string to_table(const Queue& queue, Now now);

/// An array with an object for each claim, in one line, without a newline.
[[nodiscard]] std::string to_json(const std::vector<Queue>& queues, Now now);

/// For standard output: a table for each, or JSON.
[[nodiscard]] std::string render(const std::vector<Queue>& queues, bool as_json);

/// What a terminal can show of a text that comes from others: no control characters.
[[nodiscard]] std::string printable(std::string text);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_QUEUE_REPORT_H_
