// metadata.h: the data of a claim's znode, which kafka-kit and others read too.
//
//     {"timestamp":"2026-11-23T08:43:32.627752090Z",
//      "ttl_deadline":"2026-11-23T08:44:02.627752090Z",
//      "owner_id":"user1","zklock":{"host":"db7","pid":4242,"trace":"4bf92f35"}}
//
// (in one line; without a trace, that key is missing). The first three keys are kafka-kit's. A
// kafka-kit with TTLs deletes the claim ahead of it, even of a live holder, if ttl_deadline is
// missing, null or past. It fails on data that is not such JSON. So we always write both times in
// full, and a string for the owner.
#ifndef ZKLOCK_SRC_QUEUE_METADATA_H_
#define ZKLOCK_SRC_QUEUE_METADATA_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rfc3339.h"

namespace zklock::internal {

struct Metadata {
  /// When the claim was made, granted or renewed last, by the clock of its host. The epoch:
  /// unknown.
  WallTime timestamp{};
  /// Until when it may be held, by that clock. While `waiting`: a time after the end of the wait.
  /// None: it has no TTL of its own (written as 9999-12-31T23:59:59Z).
  std::optional<WallTime> ttl_deadline{};
  /// "": no owner is named.
  std::string owner{};
  /// Of the process that made it. "" and 0: unknown.
  std::string host{};
  std::int64_t pid = 0;
  /// Of the caller's request for which it was made. "": none.
  std::string trace{};
  /// `ttl_deadline` covers a wait; it says nothing about how long the lock may be held.
  bool waiting = false;
  /// It was not written by this library: the data has no "zklock".
  bool is_foreign = false;
  /// Only while `waiting`: how long it may be held once it is granted. None: forever.
  std::optional<std::chrono::milliseconds> ttl_once_granted{};

  /// How long it may be held, at least 1 ms. None: it has no TTL of its own, so its data is never a
  /// reason to purge it.
  [[nodiscard]] std::optional<std::chrono::nanoseconds> ttl() const noexcept;

  bool operator==(const Metadata&) const = default;
};

/// The bytes to store. Text that is not UTF-8, or is longer than 1 kB, is corrected.
[[nodiscard]] std::string to_json(const Metadata& metadata);

/// Reads data of any writer. None: it is not a JSON object, or is larger (64 kB) or deeper than any
/// metadata. Such a claim has no TTL of its own. Keys that are missing or malformed stay as in
/// `Metadata{}`; a malformed "zklock" is not a missing one. A deadline less than 1 ms after the
/// timestamp, or after 2262 (the limit of WallTime), means none. As in Go, the case of keys does
/// not matter, and the last one of equal keys counts.
[[nodiscard]] std::optional<Metadata> parse_metadata(std::string_view data) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_QUEUE_METADATA_H_
