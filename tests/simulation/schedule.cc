#include "schedule.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checker.h"
#include "chronicle.h"
#include "contender.h"
#include "faults.h"
#include "process.h"
#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

namespace {

using namespace std::chrono_literals;
using internal::FakeEnsemble;
using internal::Monitor;
using internal::Thread;
using std::chrono::milliseconds;

constexpr int kMostProcesses = 5;
constexpr std::int32_t kMostSequence = std::numeric_limits<std::int32_t>::max();
/// In millionths. A purge leaves a thousandth of the TTL for two clocks that drift apart.
constexpr int kMostDrift = 400;
/// By this time everybody has long got what he waits for.
constexpr std::chrono::hours kLongest{3};

milliseconds in_ms(nanoseconds time) { return std::chrono::duration_cast<milliseconds>(time); }

std::string command_of(const ScheduleOptions& options) {
  const ScheduleOptions usual;
  std::string command = "tests/simulation/run --start " + std::to_string(options.seed);
  const auto add = [&command](const char* option, int value, int usual_value) {
    if (value != usual_value) command += std::string(" ") + option + " " + std::to_string(value);
  };
  add("--contenders", options.contenders, usual.contenders);
  add("--paths", options.paths, usual.paths);
  add("--operations", options.operations, usual.operations);
  return command;
}

/// A thread of a process.
struct Task {
  Process* process;
  std::unique_ptr<Thread> thread;
  bool is_done = false;  // guarded by the mutex of the monitor of all
};

class Schedule {
 public:
  Schedule(World& world, const ScheduleOptions& options)
      : world_(world), options_(options), chronicle_(world) {}

  /// On the root platform.
  void run() {
    set_up();
    for (const auto& process : processes_)
      start(*process, [this, one = process.get()] { one->begin(paths_); });
    await_tasks();
    for (int i = 0; i < options_.contenders; ++i) start_contender(i);
    Faults(world_, *checker_, ensemble_, processes_, paths_).run(world_.between(5s, 120s));
    await_tasks();
    check_what_is_left();
    tear_down();
  }

 private:
  void set_up() {
    testing::FakeOptions options;
    options.servers = world_.chance(25) ? 1 : 3;
    options.tick_time = milliseconds(500 * (1 + world_.below(4)));
    const bool is_far = world_.chance(10);
    options.latency = world_.between(0ms, is_far ? 200ms : 2ms);
    options.jitter = world_.between(0ms, is_far ? 300ms : 5ms);
    ensemble_ = std::make_shared<FakeEnsemble>(options, world_.root);
    ensemble_->observe(&chronicle_);
    const int paths = options_.paths > 0 ? options_.paths : 1 + world_.below(2);
    for (int i = 0; i < paths; ++i) paths_.push_back("/locks/" + std::to_string(i));
    const int processes = 2 + world_.below(kMostProcesses - 1);
    for (int i = 0; i < processes; ++i) {
      Process::Options of_process;
      of_process.session_timeout = in_ms(world_.between(4s, 10s));
      if (world_.chance(35)) {
        const nanoseconds most = world_.chance(50) ? 5s : 30s;
        of_process.ttl = in_ms(world_.between(1s, most));
        of_process.purge_without_ttl = world_.chance(5);
      }
      if (world_.chance(40)) of_process.when_uncertain = WhenUncertain::suspend;
      of_process.wall_offset = world_.between(-1h, 1h);
      of_process.drift = world_.below(2 * kMostDrift + 1) - kMostDrift;
      processes_.push_back(std::make_unique<Process>(world_, ensemble_, i, of_process));
    }
    checker_ = std::make_unique<Checker>(world_, *ensemble_, processes_, paths_);
    chronicle_.report_to(checker_.get());
    for (const auto& process : processes_) process->report_to(*checker_);
    ensemble_->run([this] { GuardedRegisters::create(*ensemble_, paths_); });
    if (world_.chance(10)) let_numbers_run_out();
  }

  /// Sequence numbers are to stick and wrap.
  void let_numbers_run_out() {
    ensemble_->run([this] {
      const auto make = [this](const std::string& path) {
        ensemble_->write([&](const internal::FakeTree& tree, Stat::Time now) {
          return tree.create(path, "", Acl::open(), internal::FakeTree::CreateMode::persistent, now,
                             internal::FakeCaller::an_operator());
        });
      };
      make("/locks");
      for (const std::string& path : paths_) {
        make(path);
        ensemble_->quorum().set_sequence_counter(path, kMostSequence - world_.below(20));
      }
    });
    world_.count("world", "lets sequence numbers run out");
  }

  void start(Process& process, std::function<void()> body) {
    tasks_.push_back(std::make_unique<Task>(Task{&process, nullptr}));
    Task& task = *tasks_.back();
    task.thread = process.platform().start_thread("task", [this, &task, run = std::move(body)] {
      run();
      const internal::MutexLock lock(monitor_.mutex);
      task.is_done = true;
      monitor_.changed->notify_all();
    });
  }

  void start_contender(int number) {
    // Where there are fewer processes than contenders, some share one, and its locks.
    Process& process = *processes_.at(static_cast<std::size_t>(number) % processes_.size());
    const std::string name = process.name() + "." + std::to_string(number);
    start(process, [this, &process, name] {
      Contender contender(world_, *checker_, chronicle_, process, name,
                          static_cast<int>(paths_.size()));
      contender.run(options_.operations);
    });
  }

  /// Until all are done but those of crashed processes.
  void await_tasks() {
    internal::MutexLock lock(monitor_.mutex);
    const auto is_over = [](const auto& task) {
      return task->is_done || task->process->is_crashed();
    };
    while (!std::all_of(tasks_.begin(), tasks_.end(), is_over)) monitor_.changed->wait(lock);
  }

  /// In the sessions that the living have now: they hold nothing. A session that a client has given
  /// up, for want of servers, is left to expire.
  void check_what_is_left() {
    World::sleep(5s);
    std::set<std::int64_t> sessions;
    for (const auto& process : processes_) {
      if (process->is_crashed()) continue;
      sessions.insert(process->line().session);
      if (const auto pending = process->client()->pending_removals(); pending.count > 0) {
        world_.fail("6: " + process->name() + " has still to remove something");
      }
    }
    checker_->nothing_is_left(
        [&sessions](std::int64_t session) { return !sessions.contains(session); });
    checker_->foreign_nodes_stand();
  }

  void tear_down() {
    for (const auto& process : processes_) {
      if (process->is_crashed()) process->bury();
    }
    for (const auto& task : tasks_) task->thread->join();
    tasks_.clear();
    checker_->forget_leases();
    for (const auto& process : processes_) start(*process, [one = process.get()] { one->end(); });
    for (const auto& task : tasks_) task->thread->join();
    World::sleep(3min);  // handles are closed in the background, and sessions expire
    checker_->nothing_is_left([](std::int64_t) { return false; });
    ensemble_->stop();
  }

  World& world_;
  const ScheduleOptions options_;
  Chronicle chronicle_;
  std::vector<std::string> paths_;
  std::shared_ptr<FakeEnsemble> ensemble_;
  std::vector<std::unique_ptr<Process>> processes_;
  std::unique_ptr<Checker> checker_;
  Monitor monitor_;
  std::vector<std::unique_ptr<Task>> tasks_;
};

}  // namespace

std::uint64_t run_schedule(const ScheduleOptions& options, Statistics& statistics) {
  World world(options.seed, command_of(options), options.prints, statistics);
  internal::Platform::install(&world.root);
  {
    std::unique_ptr<Schedule> schedule;
    const bool has_ended = world.time.run(
        world.root,
        [&] {
          schedule = std::make_unique<Schedule>(world, options);
          schedule->run();
        },
        world.now() + kLongest);
    if (!has_ended) world.fail("6: somebody waits forever: threads" + world.time.who_waits());
  }
  internal::Platform::install(nullptr);
  statistics.count("(schedules)");
  statistics.count("(switches between threads)", world.time.switches());
  return world.digest();
}

}  // namespace zklock::simulation
