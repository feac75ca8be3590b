// chaos: workers of several processes contend for locks on a real ensemble, in which one thing at a
// time breaks and is healed; then everything that they wrote down is checked. Exit status: 0, 1 (a
// promise is broken), 2 (usage).
#include <zklock/libzookeeper_client.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "crew.h"
#include "journal.h"
#include "journal_checker.h"
#include "pods.h"
#include "server_faults.h"
#include "stored_writes.h"
#include "support/as_claim_client.h"
#include "support/temporary_directory.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct Options {
  std::int64_t duration = 45'000;  // this and the others in ms
  std::int64_t session_timeout = 2'000;
  std::int64_t tick_time = 500;
  std::int64_t overstay = 1'000;
  unsigned seed = 1;
  int workers = 20;
  int processes = 4;
  int paths = 3;
  std::vector<std::string> faults{};
  std::string directory{};
};

/// How long what is left may take to go, beyond the session timeout.
constexpr std::chrono::seconds kPatience{10};
/// More are of no use to anybody.
constexpr std::size_t kViolationsShown = 10;

double in_seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

void play(Stage& stage, const Options& options, const Journal& journal) {
  const std::vector<Fault> faults = select_faults(options.faults);
  const auto end = steady_clock::now() + milliseconds(options.duration);
  std::vector<Fault> deck;  // every fault is played before one is played again
  while (steady_clock::now() < end) {
    if (deck.empty()) {
      deck = faults;
      std::shuffle(deck.begin(), deck.end(), stage.random());
    }
    const Fault fault = deck.back();
    deck.pop_back();
    journal.record({.who = "driver", .kind = Event::Kind::fault, .detail = fault.name});
    fault.play(stage);
    stage.ensemble().wait_until_it_serves();
    journal.record({.who = "driver", .kind = Event::Kind::healed, .detail = fault.name});
    Stage::pass(milliseconds(500 + stage.below(1'000)));
  }
}

std::string lock_path(int path) { return "/chaos/" + std::to_string(path); }

void create_directories_of_writes(const test::ZooKeeperEnsemble& ensemble, int paths) {
  const std::shared_ptr<ZooKeeperClient> client = connect(ensemble.address());
  for (int path = 0; path < paths; ++path) {
    GuardedWrites(*client, lock_path(path)).create_directory(Context().with_timeout(kPatience));
  }
}

/// When all workers are idle or dead. The sum of all writes that are stored goes to `count`.
std::vector<Violation> wrong_writes(const test::ZooKeeperEnsemble& ensemble, int paths,
                                    const std::vector<Event>& events, std::size_t& count) {
  const std::shared_ptr<ZooKeeperClient> client = connect(ensemble.address());
  std::vector<Violation> violations;
  for (int path = 0; path < paths; ++path) {
    std::vector<StoredWrite> stored =
        GuardedWrites(*client, lock_path(path)).stored(Context().with_timeout(1min));
    count += stored.size();
    for (Violation& violation : check_guarded_writes(lock_path(path), std::move(stored), events)) {
      violations.push_back(std::move(violation));
    }
  }
  return violations;
}

/// Claims that still exist when their creators are idle or dead, and their sessions over.
std::vector<Violation> claims_left(const test::ZooKeeperEnsemble& ensemble,
                                   const Options& options) {
  const auto deadline = steady_clock::now() + milliseconds(options.session_timeout) + kPatience;
  const std::shared_ptr<ClaimClient> client = testing::connect_claim_client(ensemble.address());
  std::vector<Violation> violations;
  for (int path = 0; path < options.paths; ++path) {
    const std::string directory = lock_path(path);
    const auto list = [&] {
      return client->children(directory, Context().with_timeout(kPatience));
    };
    Result<Children> claims = list();
    while (claims && !claims->names.empty() && steady_clock::now() < deadline) {
      std::this_thread::sleep_for(50ms);
      claims = list();
    }
    if (claims.error() == ZooKeeperErrc::no_node) continue;  // nobody has come to lock it
    if (claims && claims->names.empty()) continue;
    Violation violation{Violation::Kind::left_behind, directory + ": ", {}};
    if (!claims) violation.what += claims.error().message();
    if (claims) {
      for (const std::string& name : claims->names) violation.what += name + " ";
    }
    violations.push_back(std::move(violation));
  }
  return violations;
}

void print(const std::string& title, const std::map<std::string, std::size_t>& counts) {
  if (counts.empty()) return;
  std::printf("%s:\n", title.c_str());
  for (const auto& [name, count] : counts) std::printf("  %7zu %s\n", count, name.c_str());
}

void print(const Summary& summary) {
  print("faults", summary.faults);
  print("leases lost", summary.losses);
  std::printf("  %7zu suspensions, %zu of which ended well\n", summary.suspensions,
              summary.resumptions);
  std::printf("  %7zu of the losses though their sessions went on\n", summary.losses_in_vain);
  print("calls that failed", summary.failures);
  std::printf("%zu grants, %zu writes, %zu writes refused\n", summary.grants, summary.writes,
              summary.refused_writes);
  std::printf("%zu guarded writes done, %zu not done, %zu in doubt\n", summary.commits,
              summary.commits_not_done, summary.commits_in_doubt);
  std::printf("worst wait %.3f s, while nobody held %.3f s, worst overstay %.3f s\n",
              in_seconds(summary.worst_wait), in_seconds(summary.worst_wait_in_vain),
              in_seconds(summary.worst_overstay));
}

/// Times are in seconds since the run began.
void print(const std::vector<Violation>& violations, std::int64_t begun) {
  std::map<std::string, std::size_t> counts;
  std::size_t shown = 0;
  for (const Violation& violation : violations) {
    ++counts[name_of(violation.kind)];
    if (++shown > kViolationsShown) continue;
    std::printf("VIOLATION: %s: %s\n", name_of(violation.kind).c_str(), violation.what.c_str());
    for (const Event& event : violation.events) {
      const std::string line = to_line(event);
      std::printf("  %9.3f%s\n", static_cast<double>(event.at - begun) / 1e9,
                  line.substr(line.find(' ')).c_str());
    }
  }
  print("violations", counts);
}

int run(const Options& options) {
  const test::TemporaryDirectory temporary;
  const std::filesystem::path directory =
      options.directory.empty() ? temporary.path() : std::filesystem::path(options.directory);
  std::filesystem::create_directories(directory);
  const Journal journal(directory / "driver.journal");
  const std::int64_t begun = boot_now();

  test::ZooKeeperEnsemble ensemble(
      {.servers = {.tick_time = milliseconds(options.tick_time),
                   .min_session_timeout = milliseconds(2 * options.tick_time)}});
  create_directories_of_writes(ensemble, options.paths);
  Pods pods(ensemble, directory / "hosts");
  Crew crew({.program = CHAOS_WORKER,
             .address = pods.address(),
             .directory = directory,
             .session_timeout = milliseconds(options.session_timeout),
             .processes = static_cast<std::size_t>(options.processes),
             .workers_of_each = std::max(1, options.workers / options.processes),
             .paths = options.paths,
             .seed = options.seed},
            journal);
  Stage stage(ensemble, pods, crew, milliseconds(options.session_timeout), options.seed);
  play(stage, options, journal);

  const milliseconds patience = milliseconds(options.session_timeout) + kPatience;
  std::vector<Violation> violations;
  for (const std::string& process : crew.stop(patience)) {
    violations.push_back({Violation::Kind::stuck, "process " + process + " does not stop", {}});
  }
  for (Violation& violation : claims_left(ensemble, options)) violations.push_back(violation);
  for (const std::string& process : crew.end(patience)) {
    violations.push_back({Violation::Kind::stuck, "process " + process + " does not end", {}});
  }

  const std::vector<Event> events = read_journals(directory);
  const CheckerOptions checks{.session_timeout = milliseconds(options.session_timeout),
                              .overstay = milliseconds(options.overstay),
                              .patience = kPatience};
  for (Violation& violation : check(events, checks)) violations.push_back(violation);
  std::size_t stored = 0;
  for (Violation& violation : wrong_writes(ensemble, options.paths, events, stored)) {
    violations.push_back(violation);
  }
  print(summarize(events));
  std::printf("%zu guarded writes are stored\n", stored);
  print(violations, begun);
  std::printf("seed %u: %zu violations\n", options.seed, violations.size());
  return violations.empty() ? 0 : 1;
}

}  // namespace
}  // namespace zklock::chaos

int main(int argc, char** argv) {
  zklock::chaos::Options options;
  const CLI::AsNumberWithUnit duration(
      std::map<std::string, std::int64_t>{{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}},
      CLI::AsNumberWithUnit::UNIT_REQUIRED);
  CLI::App app(
      "Breaks servers, networks and clients around locks, and checks what zklock promises");
  app.add_option("--duration", options.duration, "for how long things break: 90s, 10m")
      ->transform(duration)
      ->default_str("45s");
  app.add_option("--seed", options.seed, "decides which, when and how")->capture_default_str();
  app.add_option("--workers", options.workers, "threads that contend, as many in each process")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  app.add_option("--processes", options.processes, "in which they run")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--paths", options.paths, "locks")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--session-timeout", options.session_timeout, "of the workers")
      ->transform(duration)
      ->default_str("2s");
  app.add_option("--tick-time", options.tick_time, "of the servers")
      ->transform(duration)
      ->default_str("500ms");
  app.add_option("--overstay", options.overstay, "by which calls may return late")
      ->transform(duration)
      ->default_str("1s");
  app.add_option("--faults", options.faults, "only those whose names begin so: kill,freeze-leader")
      ->delimiter(',');
  app.add_option("--directory", options.directory, "where to keep the journals");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  try {
    return zklock::chaos::run(options);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "chaos: %s\n", error.what());
    return 1;
  }
}
