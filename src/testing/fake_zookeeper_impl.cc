#include "testing/fake_zookeeper_impl.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "client/check_client_options.h"
#include "client/client.h"
#include "testing/fake_dialer.h"

namespace zklock::testing {

namespace {

using internal::FakeEnsemble;
using internal::FakeLine;
using internal::FakeQuorum;
using internal::FakeTransaction;
using internal::FakeTree;
using internal::Platform;
using internal::PlatformScope;
using internal::Thread;
using internal::VirtualPlatform;
using internal::VirtualTime;

/// How much (virtual) time the clients' threads get to end in.
constexpr std::chrono::hours kFarewell{1};
/// The loop of the ensemble, which ends last.
constexpr int kOwnThreads = 1;

}  // namespace

FakeZooKeeper::Impl::Impl(const FakeOptions& options)
    : only_one_(check(options)),
      time_(VirtualTime::Mode::free, 1, std::chrono::steady_clock::now()),
      platform_(time_, {}) {
  Platform::install(&platform_);
  VirtualTime::take_part_as_maker(true);
  ensemble_ = std::make_shared<FakeEnsemble>(options, platform_);
}
FakeZooKeeper::Impl::~Impl() {  // NOLINT(bugprone-exception-escape): see the header
  for (const auto& [host, machine] : machines()) {
    machine->resume();
    machine->thaw();
  }
  const std::vector<Line> all = lines();
  ensemble_->run([&] {
    // What was sent to a frozen server refers to the client that sent it.
    for (int server = 0; server < ensemble_->quorum().size(); ++server) {
      ensemble_->quorum().thaw(server);
    }
    for (const Line& known : all) {
      known.line->is_cut = false;
      ensemble_->network().release(*known.line);
    }
  });
  join_threads();
  time_.end_threads(kOwnThreads, kFarewell);
  ensemble_->stop();
  time_.end_threads(0, kFarewell);
  VirtualTime::take_part_as_maker(false);
  Platform::install(nullptr);
}

FakeZooKeeper::Impl::Only FakeZooKeeper::Impl::check(const FakeOptions& options) {
  if (options.servers < 1) throw std::invalid_argument("FakeOptions: servers is below 1");
  if (options.tick_time < std::chrono::milliseconds(1)) {
    throw std::invalid_argument("FakeOptions: tick_time is below 1 ms");
  }
  if (options.latency.count() < 0 || options.jitter.count() < 0) {
    throw std::invalid_argument("FakeOptions: latency or jitter is negative");
  }
  return {};
}

VirtualTime& FakeMachine::Impl::zookeeper_time(FakeZooKeeper::Impl& zookeeper) {
  return zookeeper.time();
}

FakeZooKeeper::Client FakeZooKeeper::Impl::connect(VirtualPlatform& platform,
                                                   const ClientOptions& options, int first_server) {
  internal::check_client_options(options);
  const PlatformScope scope(platform);
  const auto line = std::make_shared<FakeLine>(platform);
  line->first_server = first_server;
  const auto client = std::make_shared<internal::Client>(
      std::make_unique<internal::FakeDialer>(ensemble_, line, options), options, "/");
  {
    const internal::MutexLock lock(mutex_);
    lines_.push_back({client.get(), line});
  }
  const internal::TimePasses passes(time_);
  client->await_session(options.connect_timeout);
  return client;
}

std::shared_ptr<FakeLine> FakeZooKeeper::Impl::line_of(const Client& client) const {
  const internal::MutexLock lock(mutex_);
  // The last one: others may have had its address before it.
  const auto known = std::find_if(lines_.rbegin(), lines_.rend(),
                                  [&](const Line& line) { return line.client == client.get(); });
  if (known == lines_.rend()) {
    throw std::out_of_range("FakeZooKeeper: not a client of this ensemble");
  }
  return known->line;
}

std::map<std::string, FakeMachine*> FakeZooKeeper::Impl::machines() const {
  const internal::MutexLock lock(mutex_);
  std::map<std::string, FakeMachine*> machines;
  for (const auto& [host, machine] : machines_) machines[host] = machine.get();
  return machines;
}

/// Those that are started meanwhile, too.
void FakeZooKeeper::Impl::join_threads() {
  for (;;) {
    std::vector<std::unique_ptr<Thread>> threads;
    {
      const internal::MutexLock lock(mutex_);
      threads.swap(threads_);
    }
    if (threads.empty()) return;
    for (const std::unique_ptr<Thread>& thread : threads) thread->join();
  }
}

FakeMachine& FakeZooKeeper::Impl::machine(const std::string& host) {
  const internal::MutexLock lock(mutex_);
  std::unique_ptr<FakeMachine>& machine = machines_[host];
  if (!machine) {
    machine.reset(new FakeMachine(std::make_unique<FakeMachine::Impl>(*this, host)));
  }
  return *machine;
}

void FakeZooKeeper::Impl::start_thread(std::function<void()> body) {
  std::unique_ptr<Thread> thread =
      Platform::current().start_thread("test", [body = std::move(body)] {
        VirtualTime::take_part_for_the_test();
        body();
      });
  const internal::MutexLock lock(mutex_);
  threads_.push_back(std::move(thread));
}

void FakeZooKeeper::Impl::write(const FakeQuorum::Decide& decide) {
  std::error_code error = ZooKeeperErrc::connection_loss;  // there is no quorum
  act([&](FakeEnsemble& ensemble) {
    ensemble.write([&](const FakeTree& tree, Stat::Time now) {
      Result<FakeTransaction> outcome = decide(tree, now);
      error = outcome.error();
      return outcome;
    });
  });
  if (error) throw std::system_error(error);
}

}  // namespace zklock::testing
