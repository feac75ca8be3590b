// foreign_samples.h: what may stand in a claim that is not ours: other libraries' data, and damaged
// data; and what becomes of its holder.
#ifndef ZKLOCK_TESTS_INTEROP_FOREIGN_SAMPLES_H_
#define ZKLOCK_TESTS_INTEROP_FOREIGN_SAMPLES_H_

#include <chrono>
#include <string>
#include <vector>

#include "interop/kafka_kit.h"

namespace zklock::test {

/// When the samples were written.
inline constexpr WallTime kSampleTime = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} +
                                        std::chrono::hours(8) + std::chrono::minutes(43) +
                                        std::chrono::seconds(32);
/// Of those that have one.
inline constexpr std::chrono::seconds kSampleTtl{30};

struct ForeignSample {
  std::string name;  // of a test: letters and digits
  std::string data;
  Verdict kafka_kit;  // what a kafka-kit with a TTL does that stands behind it within kSampleTtl
  bool has_ttl;       // whether zklock reads a TTL, kSampleTtl, from it: none other is purged
};

[[nodiscard]] const std::vector<ForeignSample>& foreign_samples();

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_INTEROP_FOREIGN_SAMPLES_H_
