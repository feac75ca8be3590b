// The world of FakeZooKeeper.
#include <zklock/testing/fake_zookeeper.h>

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "base/platform.h"
#include "contract/world.h"
#include "support/as_claim_client.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using testing::FakeZooKeeper;

/// Of a message: lose_answer acts while one is on its way.
constexpr auto kLatency = 1ms;

class FakeWorld final : public World {
 public:
  FakeWorld() : zookeeper_({.tick_time = 200ms, .latency = kLatency}) {
    zookeeper_.bound_session_timeouts(0, 400ms, 60'000ms);
    zookeeper_.let_time_pass();
  }

  ~FakeWorld() override {
    for (const auto& thread : threads_) thread->join();
  }

  Client connect(const ClientOptions& options) override {
    return testing::as_claim_client(zookeeper_.connect(options));
  }

  /// A thread of the library's, so that time does not pass because this one waits: it passes while
  /// the test's own thread does. (With FakeZooKeeper::in_background a deadline in the background
  /// could pass while the test does something.)
  std::future<void> in_background(std::function<void()> body) override {
    auto task = std::make_shared<std::packaged_task<void()>>(std::move(body));
    std::future<void> end = task->get_future();
    threads_.push_back(internal::Platform::current().start_thread("test", [task] { (*task)(); }));
    return end;
  }

  bool await(const std::function<bool()>& condition) override {
    constexpr auto kStep = 10ms;
    for (auto waited = 0ms; waited < 5min; waited += kStep) {
      zookeeper_.settle();
      if (condition()) return true;
      zookeeper_.advance(kStep);
    }
    return false;
  }

  void break_connection(const Client& client) override { zookeeper_.break_connection(client); }
  void cut(const Client& client) override { zookeeper_.cut(client); }
  void stall(const Client& client) override { zookeeper_.stall(client); }
  void restore(const Client& client) override { zookeeper_.restore(client); }

  std::future<void> lose_answer(const Client& client, std::function<void()> call,
                                const std::function<bool()>&, Then then) override {
    zookeeper_.let_time_pass(false);
    zookeeper_.lose_next_answer(FakeZooKeeper::Operation::any, client);
    std::future<void> result = in_background(std::move(call));
    zookeeper_.settle();
    zookeeper_.advance(kLatency);  // the server has carried it out, and hangs up
    if (then == Then::stay_cut) zookeeper_.cut(client);
    zookeeper_.let_time_pass();
    return result;
  }

  void expire_session(const Client& client) override { zookeeper_.expire_session(client); }

 private:
  FakeZooKeeper zookeeper_;
  std::vector<std::unique_ptr<internal::Thread>> threads_;
};

}  // namespace

std::unique_ptr<World> make_world() { return std::make_unique<FakeWorld>(); }

}  // namespace zklock::test
