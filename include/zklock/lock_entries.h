// zklock/lock_entries.h: the queue of a lock as it was listed, in grant order.
#ifndef ZKLOCK_LOCK_ENTRIES_H_
#define ZKLOCK_LOCK_ENTRIES_H_

#include <zklock/error.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace zklock {

/// A claim in the queue: the holder's, or a waiter's. Members that another library did not write
/// are empty.
struct LockEntry {
  std::int64_t id = 0;                            // its sequence number
  std::string path{};                             // full path of its znode
  std::string owner{};                            // "" if none is named
  std::string host{};                             // of the process that created it
  std::int64_t pid = 0;                           // of that process, on its host; 0 if unknown
  std::chrono::system_clock::time_point since{};  // created or last granted, by its host's clock
  std::int64_t fencing_token = 0;                 // czxid
  std::chrono::milliseconds ttl{0};  // how long it may be held, from `since`; 0: no limit
  std::int64_t session = 0;          // it ends with this one
  std::string trace{};               // ZooKeeperLockConfig::trace_key; "" if there is none

  bool operator==(const LockEntry&) const = default;
};

/// The sequence number at the end of a claim's name: "_c_<hex>-lock-0000000012" is 12. A number
/// that has wrapped is negative: "lock--2147483648". Sets `invalid_seq_node` if there is none.
[[nodiscard]] ZKLOCK_EXPORT std::int64_t sequence_number(std::string_view name,
                                                         std::error_code& error) noexcept;
/// The same, throws LockError.
[[nodiscard]] ZKLOCK_EXPORT std::int64_t sequence_number(std::string_view name);

/// The claims of one lock path in grant order: the holder first. A plain value.
class ZKLOCK_EXPORT LockEntries {
 public:
  using const_iterator = std::vector<LockEntry>::const_iterator;

  LockEntries() = default;
  /// REQUIRES: `entries` is in grant order.
  explicit LockEntries(std::vector<LockEntry> entries) : entries_(std::move(entries)) {}

  /// Sequence numbers, the holder's first.
  [[nodiscard]] std::vector<std::int64_t> ids() const;
  /// The holder's sequence number, if there is a holder.
  [[nodiscard]] std::optional<std::int64_t> first() const;
  /// The znode of the claim with this number, if it is in the queue.
  [[nodiscard]] std::optional<std::string> lock_path(std::int64_t id) const;
  /// The znode of the claim just ahead of this one; none for the first one, and for a number that
  /// is not in the queue.
  [[nodiscard]] std::optional<std::string> lock_ahead(std::int64_t id) const;

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] const_iterator begin() const noexcept { return entries_.begin(); }
  [[nodiscard]] const_iterator end() const noexcept { return entries_.end(); }

  bool operator==(const LockEntries&) const = default;

 private:
  std::vector<LockEntry> entries_;
};

}  // namespace zklock

#endif  // ZKLOCK_LOCK_ENTRIES_H_
