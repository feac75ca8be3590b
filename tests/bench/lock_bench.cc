// lock_bench.cc: the workloads of README.md, on zklock. Prints one line of JSON.
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/lock.h>
#include <zklock/zookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <vector>

extern "C" {
#include <bench_common.h>  // a system header, as it is C
}

namespace {

using std::chrono::milliseconds;

struct Options {
  bench_args common{};
  int requests = 2;           // W1: of each cycle; 3 is for locks that cannot know the queue
  int queue = 2;              // W2: so many are in the queue, the holder included, when it lets go
  milliseconds ttl{0};        // of every lock
  bool as_processes = false;  // W3: contenders
};

/// A contender: a session and a lock of its own.
class Contender {
 public:
  explicit Contender(const Options& options)
      : path_(options.common.path),
        client_(zklock::connect(options.common.server,
                                {.session_timeout = milliseconds(options.common.session_ms)})),
        config_{.path = path_, .ttl = options.ttl} {
    renew_lock();
    lock().unlock(lock().lock());  // creates the path
  }

  /// A lock that knows nothing of the queue.
  void renew_lock() { lock_.emplace(config_, client_); }

  [[nodiscard]] zklock::ZooKeeperLock& lock() { return lock_.value(); }
  [[nodiscard]] std::size_t queue_length() const {
    const auto children = client_->children(path_, {});
    if (!children) throw std::system_error(children.error(), "children");
    return children->names.size();
  }

 private:
  const std::string path_;
  const std::shared_ptr<zklock::ZooKeeperClient> client_;
  const zklock::ZooKeeperLockConfig config_;
  std::optional<zklock::ZooKeeperLock> lock_;
};

std::int64_t sequence_of(const zklock::Lease& lease) {
  const std::string znode = lease.znode();
  const std::string_view digits = std::string_view(znode).substr(znode.rfind('-') + 1);
  std::int64_t sequence = -1;
  std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  return sequence;
}

// --- W1: one session, nobody else ----------------------------------------------------------------

void run_alone(const Options& options) {
  const int cycles = options.common.iterations;
  std::vector<std::int64_t> lock_times;
  std::vector<std::int64_t> unlock_times;
  lock_times.reserve(static_cast<std::size_t>(cycles));
  unlock_times.reserve(static_cast<std::size_t>(cycles));
  Contender contender(options);
  std::int64_t begun = 0;
  for (int i = -options.common.warmup; i < cycles; ++i) {
    const std::int64_t called = now_ns();
    if (i == 0) begun = called;
    if (options.requests > 2) contender.renew_lock();
    const zklock::Lease lease = contender.lock().lock();
    const std::int64_t granted = now_ns();
    contender.lock().unlock(lease);
    const std::int64_t released = now_ns();
    if (i < 0) continue;
    lock_times.push_back(granted - called);
    unlock_times.push_back(released - granted);
  }
  const double seconds = static_cast<double>(now_ns() - begun) / 1e9;
  std::printf(R"(,"iterations":%d,"warmup":%d,"cycles_per_s":%.1f)", cycles, options.common.warmup,
              cycles / seconds);
  bench_stat("lock_us", lock_times.data(), cycles);
  bench_stat("unlock_us", unlock_times.data(), cycles);
}

// --- W2: handing over, with a full queue behind the holder ---------------------------------------

/// Each in turn holds until all the others queue, so that every waiter was the last one once.
struct Relay {
  std::atomic<std::int64_t> let_go_at{0};
  std::atomic<int> handed_over{0};
  std::atomic<std::int64_t> shortest_wait{INT64_MAX};
  std::vector<std::int64_t> times;  // of the one that holds the lock
};

void run_leg(const Options& options, Contender& contender, Relay& relay) {
  const int all = options.common.warmup + options.common.iterations;
  while (relay.handed_over.load() < all) {
    const std::int64_t called = now_ns();
    const zklock::Lease lease = contender.lock().lock();
    const std::int64_t granted = now_ns();
    const std::int64_t let_go = relay.let_go_at.load();
    if (let_go != 0 && relay.handed_over.fetch_add(1) >= options.common.warmup) {
      relay.times.push_back(granted - let_go);
      relay.shortest_wait = std::min(relay.shortest_wait.load(), let_go - called);
    }
    const auto expected = static_cast<std::size_t>(options.queue);
    while (relay.handed_over.load() < all && contender.queue_length() < expected) sleep_ms(1);
    sleep_ms(options.common.hold_ms);
    relay.let_go_at = now_ns();
    contender.lock().unlock(lease);
  }
}

void run_handovers(const Options& options) {
  std::vector<std::unique_ptr<Contender>> contenders;
  contenders.reserve(static_cast<std::size_t>(options.queue));
  for (int i = 0; i < options.queue; ++i) {
    contenders.push_back(std::make_unique<Contender>(options));
  }
  Relay relay;
  {
    std::vector<std::jthread> threads;
    threads.reserve(contenders.size());
    for (const auto& contender : contenders) {
      threads.emplace_back([&] { run_leg(options, *contender, relay); });
    }
  }
  const auto count = std::min<std::size_t>(relay.times.size(),
                                           static_cast<std::size_t>(options.common.iterations));
  std::printf(R"(,"handoffs":%zu,"warmup":%d,"hold_ms":%d,"queued_ms_min":%.1f)", count,
              options.common.warmup, options.common.hold_ms,
              static_cast<double>(relay.shortest_wait.load()) / 1e6);
  bench_stat("handoff_us", relay.times.data(), static_cast<long>(count));
}

// --- W3: a convoy --------------------------------------------------------------------------------

/// In memory that contenders share, be they threads or processes.
struct Convoy {
  long counter = 0;  // not atomic: the lock is what protects it
  long inside_violations = 0;
  bool is_inside = false;
  pthread_barrier_t gate{};
};

void* shared_memory(std::size_t bytes) {
  void* const memory =
      ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::system_error(errno, std::generic_category(), "mmap");
  return memory;
}

/// Runs `contend(who)` for each contender, at the same time.
template <class Contend>
void run_as_threads(int contenders, const Contend& contend) {
  std::vector<std::jthread> threads;
  threads.reserve(static_cast<std::size_t>(contenders));
  for (int who = 0; who < contenders; ++who) threads.emplace_back(contend, who);
}

template <class Contend>
void run_as_processes(int contenders, const Contend& contend) {
  std::fflush(stdout);  // or each of them would print what is in its buffer
  for (int who = 0; who < contenders; ++who) {
    const pid_t process = ::fork();
    if (process < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (process == 0) {
      contend(who);
      std::_Exit(0);
    }
  }
  for (int ended = 0; ended < contenders; ++ended) {
    int status = 0;
    if (::wait(&status) < 0 || status != 0) throw std::runtime_error("a contender failed");
  }
}

bench_acq acquire_once(zklock::ZooKeeperLock& lock, Convoy& convoy, int who, int round) {
  bench_acq times{};
  times.who = who;
  times.round = round;
  times.call = now_ns();
  const zklock::Lease lease = lock.lock();
  times.acq = now_ns();
  if (convoy.is_inside) ++convoy.inside_violations;
  convoy.is_inside = true;
  if (round >= 0) ++convoy.counter;
  convoy.is_inside = false;
  times.seq = sequence_of(lease);
  times.rel = now_ns();
  lock.unlock(lease);
  times.end = now_ns();
  return times;
}

void run_convoy(const Options& options) {
  const int n = options.common.n;
  const int rounds = (options.common.iterations + n - 1) / n;
  const int warmup = (options.common.warmup + n - 1) / n;
  const auto count = static_cast<std::size_t>(n) * static_cast<std::size_t>(rounds);
  auto& convoy = *new (shared_memory(sizeof(Convoy))) Convoy;
  auto* const acquisitions = static_cast<bench_acq*>(shared_memory(count * sizeof(bench_acq)));
  pthread_barrierattr_t shared{};
  ::pthread_barrierattr_init(&shared);
  ::pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
  ::pthread_barrier_init(&convoy.gate, &shared, static_cast<unsigned>(n));
  const auto contend = [&](int who) {
    Contender contender(options);
    ::pthread_barrier_wait(&convoy.gate);
    for (int round = -warmup; round < rounds; ++round) {
      if (round == 0) ::pthread_barrier_wait(&convoy.gate);
      const bench_acq times = acquire_once(contender.lock(), convoy, who, round);
      if (round >= 0) acquisitions[who * rounds + round] = times;
    }
    ::pthread_barrier_wait(&convoy.gate);
  };
  if (options.as_processes) {
    run_as_processes(n, contend);
  } else {
    run_as_threads(n, contend);
  }
  std::printf(R"(,"n":%d)", n);
  bench_convoy(acquisitions, static_cast<long>(count), 1, convoy.counter, convoy.inside_violations);
}

// --- W5: from nothing to the first lock ----------------------------------------------------------

void run_first_locks(const Options& options) {
  { const Contender creates_the_path(options); }
  std::vector<std::int64_t> times;
  for (int i = -options.common.warmup; i < options.common.iterations; ++i) {
    const std::int64_t begun = now_ns();
    zklock::ZooKeeperLock lock(
        {.address = options.common.server,
         .path = options.common.path,
         .client = {.session_timeout = milliseconds(options.common.session_ms)}});
    const zklock::Lease lease = lock.lock();
    if (i >= 0) times.push_back(now_ns() - begun);
    lock.unlock(lease);
  }
  bench_stat("first_lock_us", times.data(), static_cast<long>(times.size()));
}

// --- W6: how handing over grows with the queue ---------------------------------------------------

void run_full_queue(const Options& options) {
  constexpr int kSessions = 4;
  const int waiters = options.common.n;
  std::vector<std::unique_ptr<Contender>> sessions;
  for (int i = 0; i < std::min(waiters, kSessions); ++i) {
    sessions.push_back(std::make_unique<Contender>(options));
  }
  std::vector<std::int64_t> times;  // protected by the lock
  std::int64_t let_go_at = 0;       // the same
  while (static_cast<int>(times.size()) < options.common.iterations) {
    Contender holder(options);
    const zklock::Lease lease = holder.lock().lock();
    std::vector<std::jthread> threads;
    threads.reserve(static_cast<std::size_t>(waiters));
    for (int who = 0; who < waiters; ++who) {
      threads.emplace_back(
          [&, &lock = sessions[static_cast<std::size_t>(who) % sessions.size()]->lock()] {
            const zklock::Lease own = lock.lock();
            times.push_back(now_ns() - let_go_at);
            let_go_at = now_ns();
            lock.unlock(own);
          });
    }
    while (holder.queue_length() < static_cast<std::size_t>(waiters) + 1) sleep_ms(1);
    // What enqueueing has set in motion is over then, whatever the length of the queue.
    sleep_ms(10 * options.common.hold_ms);
    let_go_at = now_ns();
    holder.lock().unlock(lease);
  }
  std::printf(R"(,"n":%d)", waiters);
  bench_stat("handover_us", times.data(), static_cast<long>(times.size()));
}

/// Takes out of the arguments what only this program knows.
Options parse(int argc, char** argv) {
  Options options;
  std::vector<char*> common{argv[0]};
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--n") options.queue = options.requests = std::stoi(argv[i + 1]);
    if (name == "--ttl-ms") {
      options.ttl = milliseconds(std::stoi(argv[i + 1]));
    } else if (name == "--contenders") {
      options.as_processes = argv[i + 1] == std::string_view("processes");
    } else {
      common.insert(common.end(), {argv[i], argv[i + 1]});
    }
  }
  options.common = bench_parse(static_cast<int>(common.size()), common.data());
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Options options = parse(argc, argv);
    const std::string_view workload = options.common.workload;
    std::printf(R"({"impl":"zklock","workload":"%s","mode":"%s, one session each")",
                options.common.workload, options.as_processes ? "processes" : "threads");
    if (workload == "W1") {
      run_alone(options);
    } else if (workload == "W2") {
      run_handovers(options);
    } else if (workload == "W3") {
      run_convoy(options);
    } else if (workload == "W5") {
      run_first_locks(options);
    } else if (workload == "W6") {
      run_full_queue(options);
    } else {
      throw std::invalid_argument("no such workload: " + std::string(workload));
    }
    std::printf(",\"errors\":0}\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "lock_bench: %s\n", error.what());
    return 1;
  }
}
