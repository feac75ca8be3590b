// One process of workers: threads that lock, hold and unlock, and write down what they see.
//
//   chaos_worker <address> <name> <threads> <paths> <session timeout in ms> <seed> <directory>
//
// In <directory>, "<name>.journal" is its own, "register" is what all processes write to, and
// "hosts" is where the names of the servers lead. After
// SIGTERM its threads finish what they are doing; then it prints "idle" and keeps its session until
// the next SIGTERM, so that the test can see what the threads have left behind.
#include <signal.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <semaphore>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client/client.h"
#include "journal.h"
#include "pods.h"
#include "register.h"
#include "stored_writes.h"
#include "wire/libzookeeper_dialer.h"

namespace zklock::chaos {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

struct Options {
  std::string address;
  std::string name;
  int threads;
  int paths;
  milliseconds session_timeout;
  unsigned seed;
  std::filesystem::path directory;
};

/// One path, how long a grant of it lasts (0: as long as its session), and what becomes of it in an
/// outage.
struct ContendedLock {
  ContendedLock(const std::string& at, milliseconds lasts, WhenUncertain when_uncertain,
                const std::shared_ptr<ZooKeeperClient>& client)
      : path(at),
        ttl(lasts),
        suspends(when_uncertain == WhenUncertain::suspend),
        writes(*client, at),
        lock({.path = at, .ttl = lasts, .when_uncertain = when_uncertain}, client) {}

  const std::string path;
  const milliseconds ttl;
  const bool suspends;
  const GuardedWrites writes;
  ZooKeeperLock lock;  // keeps the client
};
using Locks = std::vector<std::unique_ptr<ContendedLock>>;

/// What one thread does.
class Worker {
 public:
  Worker(const Options& options, int thread, const ClaimClient& client, Locks& locks,
         const Journal& journal, std::stop_token stop)
      : who_(options.name + "." + std::to_string(thread)),
        session_timeout_(options.session_timeout),
        client_(client),
        locks_(locks),
        journal_(journal),
        stop_(std::move(stop)),
        register_(options.directory / "register"),
        random_(options.seed * 1'000 + static_cast<unsigned>(thread)) {}

  void work() {
    while (!stop_.stop_requested()) contend();
  }

 private:
  struct CutOff {
    std::string path{};
    std::shared_ptr<const Session> session{};  // null: none
  };

  void contend() {
    ContendedLock& contended = *locks_[below(locks_.size())];
    const Lease lease = lock(contended);
    if (!lease) {
      pause(milliseconds(below(20)));
      return;
    }
    look_whether_it_stood();
    // Its callback may run at any time, also while the lease is unlocked.
    std::binary_semaphore told{0};
    const std::stop_callback on_loss(lease.lost(), [&] {
      Event lost = about(lease, contended, Event::Kind::lost);
      lost.detail = lease.loss_reason().message();
      journal_.record(std::move(lost));
      told.release();
    });
    const std::shared_ptr<const Session> session = client_.session();
    const bool was_valid = hold(contended, lease);
    if (lease.loss_reason() == LossReason::cut_off) cut_off_ = {contended.path, session};
    const std::optional<milliseconds> patience = milliseconds(one_in(4) ? 20 : 2'000);
    call("unlock", about(lease, contended, Event::Kind::begun), patience,
         [&](const Context& context, std::error_code& error) {
           contended.lock.unlock(lease, context, error);
         });
    if (!was_valid) static_cast<void>(told.try_acquire_for(10s));  // the checker looks for it
  }

  [[nodiscard]] Lease lock(ContendedLock& contended) {
    Lease lease;
    const bool must_not_wait = one_in(20);
    std::optional<milliseconds> patience;
    if (must_not_wait || one_in(2)) patience = milliseconds(20 + below(3'000));
    call("lock", about(lease, contended, Event::Kind::begun), patience,
         [&](const Context& context, std::error_code& error) {
           const Context cancellable = context.with_stop_token(stop_);
           lease = contended.lock.lock(must_not_wait ? cancellable.without_waiting() : cancellable,
                                       error);
         });
    if (lease) {
      Event granted = about(lease, contended, Event::Kind::granted);
      granted.detail = lease.znode();
      journal_.record(std::move(granted));
    }
    return lease;
  }

  /// Uses the lease for a while. False: it was found to be lost.
  bool hold(ContendedLock& contended, const Lease& lease) {
    // A long one outlasts the session of a holder that is cut off.
    const auto time = one_in(25) ? session_timeout_ * (50 + static_cast<int>(below(200))) / 100
                                 : milliseconds(below(200));
    const bool renews = contended.ttl > 0ms && one_in(2);
    const std::int64_t begun = boot_now();
    std::int64_t renewed = begun;
    while (look_at(contended, lease) || comes_back(contended, lease)) {
      if (boot_now() - begun >= nanoseconds(time).count() || stop_.stop_requested()) return true;
      write(contended, lease);
      if (one_in(3)) commit(contended, lease);
      if (renews && nanoseconds(boot_now() - renewed) > contended.ttl / 3) {
        renewed = boot_now();
        call("renew", about(lease, contended, Event::Kind::begun), contended.ttl,
             [&](const Context& context, std::error_code& error) { lease.renew(context, error); });
      }
      pause(milliseconds(1 + below(10)));
    }
    // What is suspended is given back as if it were valid.
    return !lease.loss_reason();
  }

  /// It is valid again. False: it has ended, or it takes too long.
  [[nodiscard]] bool comes_back(const ContendedLock& contended, const Lease& lease) {
    if (!contended.suspends || lease.loss_reason()) return false;
    const milliseconds patience = one_in(4) ? 20ms : 2 * session_timeout_;
    std::error_code error;
    call("await_certainty", about(lease, contended, Event::Kind::begun), patience,
         [&](const Context& context, std::error_code& failed) {
           lease.await_certainty(context, failed);
           error = failed;
         });
    if (error) return false;
    journal_.record(about(lease, contended, Event::Kind::resumed));
    return look_at(contended, lease);
  }

  /// There is a connection again. Whether the session goes on of the lease that was lost because
  /// nobody confirmed it.
  void look_whether_it_stood() {
    const CutOff lost = std::exchange(cut_off_, {});
    if (!lost.session || lost.session->lost().stop_requested()) return;
    journal_.record({.who = who_, .kind = Event::Kind::stood, .path = lost.path});
  }

  /// Whether the lease says that it is valid.
  bool look_at(const ContendedLock& contended, const Lease& lease) {
    const std::int64_t before = boot_now();
    const bool is_valid = lease.valid();
    const bool is_suspended = !is_valid && contended.suspends && !lease.loss_reason();
    Event seen = about(lease, contended,
                       is_valid       ? Event::Kind::valid
                       : is_suspended ? Event::Kind::suspended
                                      : Event::Kind::invalid);
    seen.at = before;
    journal_.record(std::move(seen));
    return is_valid;
  }

  void write(const ContendedLock& contended, const Lease& lease) {
    const auto kind_of = [](Register::Answer answer) {
      if (answer == Register::Answer::written) return Event::Kind::written;
      return answer == Register::Answer::refused ? Event::Kind::refused : Event::Kind::busy;
    };
    const auto answer = register_.write(contended.path, lease.fencing_token(), who_);
    journal_.record(about(lease, contended, kind_of(answer)));
  }

  void commit(const ContendedLock& contended, const Lease& lease) {
    const std::string name = who_ + "-" + std::to_string(++commits_);
    std::error_code outcome;
    call("commit", about(lease, contended, Event::Kind::begun), milliseconds(500),
         [&](const Context& context, std::error_code& error) {
           try {
             contended.writes.commit(lease, name, context);
           } catch (const LockError& thrown) {
             error = thrown.code();
           }
           outcome = error;
         });
    Event event = about(lease, contended, Event::Kind::committed);
    if (outcome) {
      event.kind = may_have_been_done(outcome) ? Event::Kind::in_doubt : Event::Kind::not_committed;
    }
    event.detail = name;
    journal_.record(std::move(event));
  }

  /// Makes a call of the lock's, and writes down when, and what came of it.
  template <class Call>
  void call(const std::string& name, Event event, std::optional<milliseconds> patience,
            const Call& call) {
    event.detail = name;
    event.at = boot_now();
    if (patience) event.until = event.at + nanoseconds(*patience).count();
    const Context context = patience ? Context().with_timeout(*patience) : Context();
    journal_.record(event);
    std::error_code error;
    call(context, error);
    event.kind = Event::Kind::ended;
    event.at = boot_now();
    event.error = error.value();
    journal_.record(std::move(event));
  }

  [[nodiscard]] Event about(const Lease& lease, const ContendedLock& contended,
                            Event::Kind kind) const {
    return {.who = who_, .kind = kind, .path = contended.path, .token = lease.fencing_token()};
  }

  [[nodiscard]] std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }
  [[nodiscard]] bool one_in(std::size_t count) { return below(count) == 0; }

  /// Lets time pass, unless it is asked to stop.
  void pause(nanoseconds time) {
    std::mutex mutex;
    std::unique_lock lock(mutex);
    std::condition_variable_any().wait_for(lock, stop_, time, [] { return false; });
  }

  const std::string who_;
  const milliseconds session_timeout_;
  const ClaimClient& client_;
  Locks& locks_;
  const Journal& journal_;
  const std::stop_token stop_;
  Register register_;
  std::mt19937_64 random_;
  std::uint64_t commits_ = 0;
  CutOff cut_off_;  // the last lease that was lost so, until the next grant
};

/// As zklock::connect, where the names of the pods are in a file.
std::shared_ptr<ClaimClient> connect(const Options& options) {
  const ClientOptions of_client{.session_timeout = options.session_timeout, .connect_timeout = 2s};
  const auto look_up_pod = [hosts = options.directory / "hosts"](const std::string& name) {
    return look_up(hosts, name);
  };
  const auto client = std::make_shared<internal::Client>(
      internal::libzookeeper_dialer(options.address, internal::parse_address(options.address),
                                    of_client, look_up_pod),
      of_client, "");
  client->await_session(of_client.connect_timeout);
  return client;
}

/// Tries until there is a session. None: it was asked to stop before.
std::shared_ptr<ClaimClient> connected(const Options& options, const sigset_t& stop_signal) {
  const timespec now{};
  while (::sigtimedwait(&stop_signal, nullptr, &now) < 0) {
    try {
      return connect(options);
    } catch (const LockError& error) {
      // A fault explains an outage, and a refusal.
      if (error.code() != Errc::no_server_answered && error.code() != Errc::locking_failed) throw;
    }
  }
  return nullptr;
}

void run(const Options& options, const sigset_t& stop_signal) {
  const std::shared_ptr<ClaimClient> client = connected(options, stop_signal);
  if (client) {
    const Journal journal(options.directory / (options.name + ".journal"));
    Locks locks;
    for (int path = 0; path < options.paths; ++path) {
      // The grants of every third path do not last.
      const milliseconds ttl = path % 3 == 2 ? options.session_timeout / 2 : 0ms;
      // Of every second process, others.
      const bool suspends = (static_cast<unsigned>(path) + options.seed) % 2 == 0;
      locks.push_back(std::make_unique<ContendedLock>(
          "/chaos/" + std::to_string(path), ttl,
          suspends ? WhenUncertain::suspend : WhenUncertain::lose, client));
    }
    std::stop_source stop;
    std::vector<std::jthread> threads;
    for (int thread = 1; thread <= options.threads; ++thread) {
      threads.emplace_back([&options, thread, &client, &locks, &journal, token = stop.get_token()] {
        Worker(options, thread, *client, locks, journal, token).work();
      });
    }
    int signal = 0;
    ::sigwait(&stop_signal, &signal);
    stop.request_stop();
    threads.clear();  // joins
    std::printf("idle\n");
    std::fflush(stdout);
    ::sigwait(&stop_signal, &signal);
  }
}

}  // namespace
}  // namespace zklock::chaos

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 7) return 2;
  // Before there are threads, so that none of them takes it.
  sigset_t stop_signal;
  sigemptyset(&stop_signal);
  sigaddset(&stop_signal, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &stop_signal, nullptr);
  zklock::chaos::run({.address = arguments[0],
                      .name = arguments[1],
                      .threads = std::stoi(arguments[2]),
                      .paths = std::stoi(arguments[3]),
                      .session_timeout = std::chrono::milliseconds(std::stoi(arguments[4])),
                      .seed = static_cast<unsigned>(std::stoul(arguments[5])),
                      .directory = arguments[6]},
                     stop_signal);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
