// simulation: runs schedules of contenders among faults, each decided by a seed, and checks the
// promises. Exit status: 0, 1 (a promise is broken, or a rare state was never reached), 2 (usage).
#include <sched.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <optional>
#include <string>
#include <utility>

#include "progress.h"
#include "schedule.h"
#include "statistics.h"

namespace {

/// Runs of at least so many schedules reach every state that is listed.
constexpr std::uint64_t kManySchedules = 1'000;

/// Of the threads one runs at a time: on one core, handing on costs least.
void stay_on_one_core() {
  const int core = sched_getcpu();
  if (core < 0) return;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(static_cast<unsigned>(core), &one);
  static_cast<void>(sched_setaffinity(0, sizeof one, &one));
}

}  // namespace

int main(int argc, char** argv) {
  zklock::simulation::ScheduleOptions options;
  std::uint64_t seeds = 1;
  std::uint64_t start = 1;
  bool has_statistics = false;
  double progress_seconds = 60;
  CLI::App app("Runs simulated schedules of locks among faults, and checks what zklock promises");
  app.add_option("--seeds", seeds, "how many schedules to run")->capture_default_str();
  app.add_option("--start", start, "the seed of the first one")->capture_default_str();
  app.add_option("--contenders", options.contenders,
                 "threads that contend, in two to five processes")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--paths", options.paths, "locks; 0: one or two, by the seed")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  app.add_option("--operations", options.operations, "of each contender")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_flag("--history", options.prints, "print what happens");
  app.add_flag("--statistics", has_statistics, "print how often what happened");
  app.add_option("--progress", progress_seconds,
                 "how often to report progress on standard error, in seconds; 0: never. On a "
                 "terminal: twice a second")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  stay_on_one_core();
  zklock::simulation::Statistics statistics;
  const std::clock_t begun = std::clock();
  std::uint64_t digest = 0;
  if (options.prints) progress_seconds = 0;  // the history shows it
  std::optional<zklock::simulation::Progress> progress(
      std::in_place, seeds, std::chrono::duration<double>(progress_seconds));
  for (std::uint64_t done = 0; done < seeds; ++done) {
    progress->set_done(done);
    options.seed = start + done;
    digest = digest * 31 + zklock::simulation::run_schedule(options, statistics);
  }
  progress.reset();
  const double seconds = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;

  if (has_statistics || seeds >= kManySchedules) statistics.print();
  std::printf(
      "%llu schedules from seed %llu: no promise broken; digest %016llx; %.0f a CPU-minute\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(start),
      static_cast<unsigned long long>(digest),
      static_cast<double>(seeds) * 60 / std::max(seconds, 0.001));
  if (seeds < kManySchedules) return 0;
  const auto missing = statistics.never_reached();
  for (const std::string& state : missing) std::printf("never reached: %s\n", state.c_str());
  return missing.empty() ? 0 : 1;
}
