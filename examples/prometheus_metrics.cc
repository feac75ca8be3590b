// A service whose lock Prometheus can watch. monitoring.md says what the metrics mean.
//
//   prometheus_metrics [address of ZooKeeper] [where to listen] [lose|suspend]
//
// By default: localhost:2181, 127.0.0.1:9464, and lose. It holds its lock for as long as it can;
// the last argument says what becomes of the lease when no server confirms it. Ctrl-C, or SIGTERM,
// ends it.
#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/exposer.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/metric_family.h>
#include <prometheus/registry.h>
#include <pthread.h>
#include <signal.h>
#include <zklock/advanced/claim_client.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using zklock::Context;
using zklock::Lease;
using zklock::LossReason;
using zklock::WhenUncertain;

namespace {

double seconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double>(time).count();
}

/// A claim says what its creator wants: also line breaks, and commands for terminals.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return text;
}

// [readme: metrics]
/// Exports what happens to one lock, with the label `lock`. Thread safety: as LockObserver.
class LockMetrics final : public zklock::LockObserver {
 public:
  LockMetrics(prometheus::Registry& registry, std::string lock)
      : registry_(registry), lock_(std::move(lock)) {
    // From the beginning, as a rate needs a zero to begin with.
    for (const LossReason reason : kReasons) losses(reason);
  }

  void on_waiting(const std::string& /*znode*/, std::size_t ahead) override {
    const std::scoped_lock lock(mutex_);
    ahead_[std::this_thread::get_id()] = ahead;
    show();
  }
  void on_granted(const Lease& lease, std::chrono::nanoseconds waited) override {
    wait_seconds_.Observe(seconds(waited));
    const std::scoped_lock lock(mutex_);
    // A loss may be quicker.
    if (!lease.loss_reason()) held_[lease.fencing_token()] = lease.valid();
    ahead_.erase(std::this_thread::get_id());
    show();
  }
  void on_lock_failed(const std::string& /*path*/, const zklock::LockError& /*error*/,
                      std::chrono::nanoseconds /*waited*/) override {
    failures_.Increment();
    const std::scoped_lock lock(mutex_);
    ahead_.erase(std::this_thread::get_id());
    show();
  }
  void on_released(const Lease& lease) override { end(lease); }
  void on_lost(const Lease& lease) override {
    for (const LossReason reason : kReasons) {
      if (lease.loss_reason() == reason) losses(reason).Increment();
    }
    end(lease);
  }
  void on_unlock_failed(const Lease& lease, const zklock::LockError& /*error*/) override {
    unlock_failures_.Increment();
    if (lease) end(lease);
  }
  // [readme-end]
  void on_blocked_by(const std::string& znode, const zklock::LockEntry& ahead) override {
    std::cerr << znode << " waits for " << printable(ahead.owner) << " on " << printable(ahead.host)
              << ", trace " << printable(ahead.trace) << '\n';
  }
  void on_requeued(const std::string& /*znode*/) override { requeues_.Increment(); }
  void on_purged(const std::string& /*znode*/) override { purges_.Increment(); }
  void on_ending(const Lease& /*lease*/, std::chrono::nanoseconds /*remaining*/) override {
    endings_.Increment();
  }
  void on_suspended(const Lease& lease) override {
    suspensions_.Increment();
    look_whether_valid(lease);
  }
  void on_resumed(const Lease& lease) override {
    resumptions_.Increment();
    look_whether_valid(lease);
  }
  void on_removal_pending(const std::string& /*znode*/) override { pending_removals_.Increment(); }
  void on_removed(const std::string& /*znode*/) override { pending_removals_.Decrement(); }
  void on_removal_failed(const std::string& /*znode*/, const std::error_code&) override {
    removal_failures_.Increment();
  }
  void on_overdue(const Lease& /*lease*/) override { overdue_runs_.Increment(); }

 private:
  static constexpr std::array kReasons = {LossReason::session_expired, LossReason::cut_off,
                                          LossReason::ttl_over, LossReason::claim_deleted,
                                          LossReason::client_closed};

  static const char* name_of(LossReason reason) {
    switch (reason) {
      case LossReason::session_expired:
        return "session_expired";
      case LossReason::cut_off:
        return "cut_off";
      case LossReason::ttl_over:
        return "ttl_over";
      case LossReason::claim_deleted:
        return "claim_deleted";
      case LossReason::client_closed:
        return "client_closed";
    }
    return "other";
  }

  prometheus::Counter& counter(const char* name, const char* help, prometheus::Labels labels = {}) {
    labels.emplace("lock", lock_);
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry_).Add(labels);
  }
  prometheus::Gauge& gauge(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry_).Add(
        {{"lock", lock_}});
  }
  prometheus::Histogram& histogram(const char* name, const char* help) {
    return prometheus::BuildHistogram().Name(name).Help(help).Register(registry_).Add(
        {{"lock", lock_}}, prometheus::Histogram::BucketBoundaries{
                               .001, .005, .02, .1, .5, 2, 5, 10, 20, 40, 80, 160, 600, 3'600});
  }
  prometheus::Counter& losses(LossReason reason) {
    return counter("zklock_losses_total", "Leases that were lost.", {{"reason", name_of(reason)}});
  }

  /// These events may come late: what counts is how it is now.
  void look_whether_valid(const Lease& lease) {
    const std::scoped_lock lock(mutex_);
    const auto held = held_.find(lease.fencing_token());
    if (held != held_.end()) held->second = lease.valid();
    show();
  }
  /// However a lease ends, several events may say so. The first one counts.
  void end(const Lease& lease) {
    const std::scoped_lock lock(mutex_);
    if (held_.erase(lease.fencing_token()) == 0) return;
    hold_seconds_.Observe(seconds(lease.held_for()));
    show();
  }
  /// REQUIRES: mutex_ is held.
  void show() {
    std::size_t most_ahead = 0;
    for (const auto& [thread, ahead] : ahead_) most_ahead = std::max(most_ahead, ahead);
    const auto suspended =
        std::count_if(held_.begin(), held_.end(), [](const auto& held) { return !held.second; });
    held_now_.Set(static_cast<double>(held_.size()));
    suspended_now_.Set(static_cast<double>(suspended));
    waiting_.Set(static_cast<double>(ahead_.size()));
    claims_ahead_.Set(static_cast<double>(most_ahead));
  }

  prometheus::Registry& registry_;
  const std::string lock_;
  prometheus::Histogram& wait_seconds_ =
      histogram("zklock_wait_seconds", "From the call of lock to its grant.");
  prometheus::Histogram& hold_seconds_ =
      histogram("zklock_hold_seconds", "From the grant to its end.");
  prometheus::Gauge& held_now_ = gauge("zklock_held", "Grants that are held.");
  prometheus::Gauge& suspended_now_ =
      gauge("zklock_suspended", "Of these, those that no server confirms now.");
  prometheus::Gauge& waiting_ = gauge("zklock_waiting", "Calls that wait in the queue.");
  prometheus::Gauge& claims_ahead_ = gauge("zklock_claims_ahead", "Of the last one of them.");
  prometheus::Gauge& pending_removals_ =
      gauge("zklock_pending_removals", "Claims that are still to be removed.");
  prometheus::Counter& failures_ = counter("zklock_lock_failures_total", "Calls that failed.");
  prometheus::Counter& unlock_failures_ =
      counter("zklock_unlock_failures_total", "Unlocks that were too late, or not confirmed.");
  prometheus::Counter& requeues_ =
      counter("zklock_requeues_total", "Claims that disappeared from the queue.");
  prometheus::Counter& purges_ =
      counter("zklock_purges_total", "Holders past their TTL that this process removed.");
  prometheus::Counter& endings_ =
      counter("zklock_endings_total", "Leases that came near their end.");
  prometheus::Counter& suspensions_ =
      counter("zklock_suspensions_total", "Leases that were not certain for a time.");
  prometheus::Counter& resumptions_ =
      counter("zklock_resumptions_total", "Of these, those that came back.");
  prometheus::Counter& removal_failures_ =
      counter("zklock_removal_failures_total", "Claims that may not be removed.");
  prometheus::Counter& overdue_runs_ =
      counter("zklock_overdue_runs_total", "Runs of a worker that did not return in time.");

  std::mutex mutex_;
  std::map<std::thread::id, std::size_t> ahead_;  // of each call that waits; guarded by mutex_
  /// Fencing tokens, and whether they were valid when last looked at. Guarded by mutex_.
  std::map<std::int64_t, bool> held_;
};

/// Exports whether a lock's client is connected. It is asked when Prometheus asks.
class ConnectionMetric final : public prometheus::Collectable {
 public:
  /// REQUIRES: a client of `connect`.
  ConnectionMetric(const std::shared_ptr<zklock::ZooKeeperClient>& client, std::string lock)
      : client_(std::dynamic_pointer_cast<zklock::ClaimClient>(client)), lock_(std::move(lock)) {}

  [[nodiscard]] std::vector<prometheus::MetricFamily> Collect() const override {
    prometheus::ClientMetric connected;
    connected.label = {{"lock", lock_}};
    connected.gauge.value = client_->is_connected() ? 1 : 0;
    return {{"zklock_connected",
             "Whether a server is connected.",
             prometheus::MetricType::Gauge,
             {connected}}};
  }

 private:
  const std::shared_ptr<zklock::ClaimClient> client_;
  const std::string lock_;
};

/// SIGINT and SIGTERM, which are blocked from now on: main waits for them. Call it before any other
/// thread exists. (As in leader.cc: each of these programs is complete in one file.)
sigset_t block_signals_to_end() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

/// The service. It renews the TTL long before it is over. When that fails, the lease goes on; once
/// it is lost, stop is requested. A suspended lease is renewed when it is valid again.
void serve(const Lease& lease, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any changed;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    std::error_code error;
    lease.renew(Context().with_timeout(1s), error);
    if (error) std::cerr << "the TTL was not renewed: " << error.message() << '\n';
    changed.wait_for(lock, stop, 5s, [] { return false; });
  }
}

void run(const std::string& servers, const std::string& listen, WhenUncertain when_uncertain) {
  const sigset_t signals_to_end = block_signals_to_end();
  // [readme: export]
  const auto registry = std::make_shared<prometheus::Registry>();
  prometheus::Exposer exposer(listen);
  exposer.RegisterCollectable(registry);

  const std::string path = "/examples/metrics";
  const auto logger = zklock::stderr_logger();  // the alerts send you to the log
  const auto client = zklock::connect(servers, {.logger = logger});
  const auto connection = std::make_shared<ConnectionMetric>(client, path);
  exposer.RegisterCollectable(connection);
  zklock::ZooKeeperLock lock({.path = path,
                              .ttl = 30s,
                              .observer = std::make_shared<LockMetrics>(*registry, path),
                              .client = {.logger = logger},
                              .when_uncertain = when_uncertain,  // lose, or suspend
                              .trace_key = "trace",
                              .observer_margin = 1s},
                             client);
  // [readme-end]
  std::cout << "http://127.0.0.1:" << exposer.GetListeningPorts().front() << "/metrics"
            << std::endl;
  zklock::LockedWorker worker(lock,
                              {.first_pause = 100ms,
                               .overdue_after = 5s,
                               .when_suspended = zklock::WhenSuspended::go_on,
                               .logger = logger,
                               .lock_context = Context().with_value("trace", "metrics example")},
                              serve);
  int signal = 0;
  sigwait(&signals_to_end, &signal);
  worker.stop(Context().with_timeout(10s));
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string when_uncertain = argc > 3 ? argv[3] : "lose";
  if (when_uncertain != "lose" && when_uncertain != "suspend") {
    throw std::invalid_argument("lose or suspend? Not " + when_uncertain);
  }
  run(argc > 1 ? argv[1] : "localhost:2181", argc > 2 ? argv[2] : "127.0.0.1:9464",
      when_uncertain == "suspend" ? WhenUncertain::suspend : WhenUncertain::lose);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
