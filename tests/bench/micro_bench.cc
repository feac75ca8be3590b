// micro_bench.cc: what the library computes itself, between two requests.
#include <benchmark/benchmark.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "client/protected_name.h"
#include "queue/claim_name.h"
#include "queue/metadata.h"
#include "queue/standing.h"
#include "session/evidence.h"

namespace zklock::internal {
namespace {

std::vector<std::string> queue_of(std::int64_t claims) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < claims; ++i) {
    std::string number = std::to_string((i * 7919) % claims);  // a list is in no order
    number.insert(0, 10 - number.size(), '0');
    names.push_back(protected_prefix("0123456789abcdef0123456789abcdef") + number);
  }
  return names;
}

/// From the list of the directory to the place in it.
void find_place(benchmark::State& state) {
  const std::vector<std::string> names = queue_of(state.range(0));
  const std::string own = names[names.size() / 2];
  for (auto _ : state) {
    const std::vector<ClaimName> claims = claims_by_sequence(names, {});
    benchmark::DoNotOptimize(standing_of(own, claims));
  }
  state.SetComplexityN(state.range(0));
}
BENCHMARK(find_place)->RangeMultiplier(10)->Range(1, 10'000)->Complexity(benchmark::oNLogN);

Metadata some_metadata() {
  Metadata metadata;
  metadata.timestamp = std::chrono::system_clock::now();
  metadata.ttl_deadline = metadata.timestamp + std::chrono::seconds(30);
  metadata.owner = "user1";
  metadata.host = "db7";
  metadata.pid = 4242;
  return metadata;
}

void write_metadata(benchmark::State& state) {
  const Metadata metadata = some_metadata();
  for (auto _ : state) benchmark::DoNotOptimize(to_json(metadata));
}
BENCHMARK(write_metadata);

void read_metadata(benchmark::State& state) {
  const std::string json = to_json(some_metadata());
  for (auto _ : state) benchmark::DoNotOptimize(parse_metadata(json));
}
BENCHMARK(read_metadata);

/// What every answered request costs.
void note_evidence(benchmark::State& state) {
  Evidence evidence(std::chrono::seconds(10));
  BootTime now{};
  for (auto _ : state) {
    now += std::chrono::microseconds(200);
    evidence.answered({1, now, now + std::chrono::microseconds(150), true});
  }
  benchmark::DoNotOptimize(evidence.certain_until());
}
BENCHMARK(note_evidence);

}  // namespace
}  // namespace zklock::internal
