// sample_metadata.h: what a claim with a TTL says, for tests of the wire format.
#ifndef ZKLOCK_TESTS_UNIT_QUEUE_SAMPLE_METADATA_H_
#define ZKLOCK_TESTS_UNIT_QUEUE_SAMPLE_METADATA_H_

#include <chrono>

#include "queue/metadata.h"

namespace zklock::internal {

inline constexpr WallTime kTime = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                                  std::chrono::hours(8) + std::chrono::minutes(43) +
                                  std::chrono::seconds(32) + std::chrono::nanoseconds(627'752'090);

inline Metadata with_ttl() {
  return {.timestamp = kTime,
          .ttl_deadline = kTime + std::chrono::seconds(30),
          .owner = "user1",
          .host = "db7",
          .pid = 4242};
}

}  // namespace zklock::internal

#endif  // ZKLOCK_TESTS_UNIT_QUEUE_SAMPLE_METADATA_H_
