// kafka_kit.h: the rules of kafka-kit's lock (the Go package cluster/zookeeper), restated from what
// it was seen to do: the oracle that our claims are held against. Nothing here looks at how zklock
// reads or writes.
#ifndef ZKLOCK_TESTS_INTEROP_KAFKA_KIT_H_
#define ZKLOCK_TESTS_INTEROP_KAFKA_KIT_H_

#include <chrono>
#include <cstdint>
#include <iosfwd>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace zklock::test {

using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::nanoseconds>;

/// What a kafka-kit with a TTL does about the claim just ahead of it.
enum class Verdict {
  waits,   // until that is deleted
  purges,  // deletes it, and so gets the lock
  fails,   // tries again five times, then gives up: ErrLockingFailed
};
std::ostream& operator<<(std::ostream& out, Verdict verdict);

/// By the data of that claim, and kafka-kit's own clock. It purges if the deadline is over, and a
/// deadline that is missing or null is Go's zero time, so over. It fails on what Go's encoding/json
/// does not take for its struct: Go wants well-formed JSON, an object or null, each time as RFC
/// 3339 or null, the owner as a string or null; it ignores the case of keys, fields that it does
/// not know, and bytes that are not UTF-8 within strings.
///
/// Not restated: that Go does not look through escapes (\u005a) in a time, and takes half a
/// surrogate pair within a string.
[[nodiscard]] Verdict judge(std::string_view data, WallTime now);

/// The children that kafka-kit takes for claims, by number: the first one holds the lock, and each
/// waits for the one before it. What is behind the last "-" (all of the name, if there is none)
/// must be a number; so a minus is not seen. Of two with one number, one is not seen either.
[[nodiscard]] std::map<std::int64_t, std::string> kafka_kit_queue(
    const std::vector<std::string>& names);

/// The number of one of them, if it is a claim.
[[nodiscard]] std::optional<std::int64_t> kafka_kit_number(std::string_view name);

/// What kafka-kit writes into its claim, once, when it queues. Its times are local ones of its
/// host, `offset` ahead of UTC, without zeros at the end of the fraction. Nobody is "<nil>", and
/// "<" is escaped. Without a TTL the deadline is some nanoseconds after the timestamp.
[[nodiscard]] std::string kafka_kit_data(WallTime timestamp, WallTime deadline,
                                         const std::string& owner = "<nil>",
                                         std::chrono::minutes offset = {});

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEROP_KAFKA_KIT_H_
