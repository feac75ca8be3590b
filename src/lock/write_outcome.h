// write_outcome.h: finds out from the znodes whether a guarded write was done. Pure.
#ifndef ZKLOCK_SRC_LOCK_WRITE_OUTCOME_H_
#define ZKLOCK_SRC_LOCK_WRITE_OUTCOME_H_

#include <zklock/multi.h>
#include <zklock/znode.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace zklock::internal {

enum class WriteOutcome { done, not_done, unknown };

/// The zxids that come before the write.
struct WrittenAfter {
  /// Of the claim's creation. Earlier holders may have written after that.
  std::int64_t token = 0;
  /// All that earlier holders wrote came before this. 0: unknown, then nothing proves the write.
  std::int64_t others = 0;
};

/// `found`: the znode of each operation, as read when the write was over; none: it does not exist.
[[nodiscard]] WriteOutcome write_outcome(const std::vector<MultiOperation>& operations,
                                         const std::vector<std::optional<Znode>>& found,
                                         const WrittenAfter& after);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_WRITE_OUTCOME_H_
