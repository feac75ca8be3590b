#include "process.h"

#include <utility>

#include "checker.h"
#include "client/client.h"
#include "testing/fake_dialer.h"

namespace zklock::simulation {

namespace {

constexpr std::chrono::minutes kConnectTimeout{10};

internal::VirtualPlatform::Options platform_options(int number, nanoseconds wall_offset) {
  internal::VirtualPlatform::Options options;
  options.host = "host" + std::to_string(number);
  options.pid = 100 + number;
  options.wall += wall_offset;
  return options;
}

}  // namespace

/// Writes down what the library says.
class Process::Diary final : public Logger, public LockObserver {
 public:
  Diary(World& world, std::string name) : world_(world), name_(std::move(name)) {}

  void belong_to(std::weak_ptr<ClaimClient> client) { client_ = std::move(client); }

  void log(LogLevel, std::string_view message) override {
    world_.note(name_, "(" + std::string(message) + ")");
  }
  void on_waiting(const std::string& znode, std::size_t ahead) override {
    world_.count(name_, ahead == 1 ? "waits as the next in line" : "waits further back", znode);
  }
  void report_to(Checker& checker) noexcept { checker_ = &checker; }

  void on_requeued(const std::string& znode) override {
    const auto client = client_.lock();
    const auto session = client ? client->session() : nullptr;
    if (checker_ != nullptr && session) checker_->requeued(znode, session->id());
    world_.count(name_, "queues anew", znode);
  }
  void on_purged(const std::string& znode) override {
    world_.count(name_, "purges a holder past its TTL", znode);
  }
  void on_unlock_failed(const Lease& lease, const LockError& error) override {
    world_.note(name_, "could not confirm the release of " + lease.znode() + ": " + error.what());
  }
  void on_suspended(const Lease& lease) override {
    if (checker_ != nullptr) checker_->look_at(lease);
    world_.count(name_, "is suspended", lease.znode());
  }
  void on_resumed(const Lease& lease) override {
    if (checker_ != nullptr) checker_->look_at(lease);
    world_.count(name_, "is resumed", lease.znode());
  }
  void on_lost(const Lease& lease) override {
    world_.count(name_, "hears of a loss (" + lease.loss_reason().message() + ")", lease.znode());
  }

 private:
  World& world_;
  const std::string name_;
  std::weak_ptr<ClaimClient> client_;
  Checker* checker_ = nullptr;
};

Process::Process(World& world, std::shared_ptr<internal::FakeEnsemble> ensemble, int number,
                 const Options& options)
    : ensemble_(std::move(ensemble)),
      options_(options),
      name_("p" + std::to_string(number)),
      platform_(world.time, platform_options(number, options.wall_offset)),
      line_(std::make_shared<internal::FakeLine>(platform_)),
      diary_(std::make_shared<Diary>(world, name_)) {
  platform_.set_drift(options.drift);
}

void Process::begin(const std::vector<std::string>& paths) {
  ClientOptions options;
  options.session_timeout = options_.session_timeout;
  options.logger = diary_;
  const auto client = std::make_shared<internal::Client>(
      std::make_unique<internal::FakeDialer>(ensemble_, line_, options), options, "/");
  client->await_session(kConnectTimeout);
  client_ = client;
  diary_->belong_to(client_);
  paths_ = paths;
  for (int path = 0; path < static_cast<int>(paths.size()); ++path) {
    locks_.push_back(make_lock(path));
  }
}

std::unique_ptr<ZooKeeperLock> Process::make_lock(int path) const {
  ZooKeeperLockConfig config;
  config.path = paths_.at(static_cast<std::size_t>(path));
  config.ttl = options_.ttl;
  config.purge_without_ttl = options_.purge_without_ttl;
  config.observer = diary_;
  config.client.logger = diary_;
  config.when_uncertain = options_.when_uncertain;
  return std::make_unique<ZooKeeperLock>(config, client_);
}

void Process::end() {
  locks_.clear();
  if (client_) static_cast<void>(client_->close(Context().with_timeout(std::chrono::minutes(2))));
  client_.reset();
}

void Process::report_to(Checker& checker) noexcept { diary_->report_to(checker); }

void Process::freeze() { platform_.freeze(); }

void Process::suspend() { platform_.suspend(); }

void Process::thaw() {
  if (is_crashed_ || !is_frozen()) return;
  platform_.resume();
  platform_.thaw();
  last_thawed_ = platform_.steady_now();
  ensemble_->run([this] { ensemble_->network().go_on(*line_); });
}

void Process::crash() {
  is_crashed_ = true;
  platform_.freeze();
  ensemble_->run([this] { ensemble_->network().cut(*line_); });
}

void Process::bury() {
  platform_.thaw();
  ensemble_->run([this] { ensemble_->network().release(*line_); });
  buried_.request_stop();
}

}  // namespace zklock::simulation
