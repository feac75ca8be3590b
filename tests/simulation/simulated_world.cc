#include "simulated_world.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>

namespace zklock::simulation {

namespace {

/// Where the steady clock begins: the same in every run.
constexpr SteadyTime kBegin{std::chrono::hours(1'000)};

}  // namespace

World::World(std::uint64_t seed, std::string command, bool prints, Statistics& statistics_of_all)
    : time(internal::VirtualTime::Mode::one_at_a_time, seed, kBegin),
      root(time, {.host = "watcher"}),
      statistics(statistics_of_all),
      seed_(seed),
      command_(std::move(command)),
      prints_(prints),
      begin_(kBegin) {}

nanoseconds World::between(nanoseconds least, nanoseconds most) {
  const auto range = static_cast<std::uint64_t>((most - least).count()) + 1;
  return least + nanoseconds(static_cast<std::int64_t>(time.random() % range));
}

void World::sleep(nanoseconds duration) {
  internal::Monitor monitor;
  const SteadyTime end = internal::Platform::current().steady_now() + duration;
  internal::MutexLock lock(monitor.mutex);
  while (internal::Platform::current().steady_now() < end) monitor.changed->wait_until(lock, end);
}

void World::note(const std::string& who, const std::string& what) {
  const auto passed = (now() - begin_).count();
  std::array<char, 32> stamp{};
  std::snprintf(stamp.data(), stamp.size(), "%6lld.%09lld ", passed / 1'000'000'000LL,
                passed % 1'000'000'000LL);
  std::string line = stamp.data() + who + ": " + what + "\n";
  for (const char c : line) {
    digest_ = (digest_ ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  if (prints_) static_cast<void>(std::fputs(line.c_str(), stdout));
  history_.push_back(std::move(line));
}

void World::count(const std::string& who, const std::string& what, const std::string& detail) {
  statistics.count(what);
  note(who, detail.empty() ? what : what + ": " + detail);
}

void World::fail(const std::string& violation) {
  note("VIOLATION", violation);
  if (!prints_) {
    for (const std::string& line : history_) static_cast<void>(std::fputs(line.c_str(), stdout));
  }
  std::printf("seed %llu violates a promise: %s\nto see it again: %s\n",
              static_cast<unsigned long long>(seed_), violation.c_str(), command_.c_str());
  static_cast<void>(std::fflush(stdout));
  std::_Exit(1);  // the other threads are where they are
}

}  // namespace zklock::simulation
