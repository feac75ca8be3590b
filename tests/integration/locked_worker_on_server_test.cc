// LockedWorkers in several processes on a real server, which end in every way: by the order of the
// server's transactions, no two of them run at a time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <zklock/locked_worker.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "integration/tools.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::Optional;

class LockedWorkerOnServerTest : public ::testing::Test {
 protected:
  static constexpr int kProcesses = 4;

  LockedWorkerOnServerTest() {
    EXPECT_TRUE(client_->create(records_, "", Acl::open(), soon()));
    for (int i = 0; i < kProcesses; ++i) start(i);
  }

  void start(int number) {
    auto& process = processes_[number];
    process = std::make_unique<Subprocess>(std::vector<std::string>{
        TURN_TAKER, server_.address(), path_, records_, std::to_string(++last_seed_)});
    EXPECT_TRUE(process->wait_for_line("taking turns")) << process->standard_error();
  }
  [[nodiscard]] std::vector<std::string> records() {
    return client_->children(records_, soon()).value().names;
  }
  static std::int64_t token_of(const std::string& record) {
    return std::stoll(record.substr(0, record.find('-')));
  }
  [[nodiscard]] std::size_t runs() {
    std::set<std::int64_t> tokens;
    for (const std::string& record : records()) tokens.insert(token_of(record));
    return tokens.size();
  }
  /// The number of the process that leads, once there is one.
  [[nodiscard]] int leader() {
    int found = -1;
    EXPECT_TRUE(becomes_true([&] {
      const LockEntries queue = lock_.entries(soon());
      for (const auto& [number, process] : processes_) {
        if (!queue.empty() && queue.begin()->pid == process->pid()) found = number;
      }
      return found >= 0;
    }));
    return found;
  }
  /// Others lead meanwhile: so many more runs begin.
  void await_runs(std::size_t more) {
    const std::size_t wanted = runs() + more;
    EXPECT_TRUE(becomes_true([&] { return runs() >= wanted; }));
  }

  void freeze_for_longer_than_its_session(int number) {
    processes_[number]->signal(SIGSTOP);
    await_runs(3);  // the others wait for the end of its session
    processes_[number]->signal(SIGCONT);
  }
  void kill_and_restart(int number) {
    processes_[number]->signal(SIGKILL);
    EXPECT_THAT(processes_[number]->wait_for_exit(), Optional(128 + SIGKILL));
    start(number);
  }
  void delete_claim_of_holder() {
    const LockEntries queue = lock_.entries(soon());
    if (queue.empty()) return;
    static_cast<void>(client_->remove(queue.begin()->path, ZooKeeperClient::kAnyVersion, soon()));
  }
  void stop(int number) {
    processes_[number]->signal(SIGTERM);
    EXPECT_THAT(processes_[number]->wait_for_exit(5s), Optional(0))
        << processes_[number]->standard_error();
  }

  /// By the order in which the server created the records, a later grant ends all earlier ones.
  void expect_no_two_runs_at_once() {
    std::map<std::int64_t, std::int64_t> tokens;  // by the zxid of the record
    for (const std::string& record : records()) {
      const Result<Znode> znode = client_->get(records_ + "/" + record, soon());
      ASSERT_TRUE(znode);
      tokens.emplace(znode->stat.czxid, token_of(record));
    }
    std::int64_t latest = 0;
    for (const auto& [zxid, token] : tokens) {
      EXPECT_GE(token, latest) << "a run of an earlier grant wrote at " << zxid;
      latest = std::max(latest, token);
    }
  }

  ZooKeeperServer server_;
  const std::string path_ = unique_path();
  const std::string records_ = "/records";
  const std::shared_ptr<ZooKeeperClient> client_ = connect(server_.address());
  ZooKeeperLock lock_{{.path = path_}, client_};
  std::map<int, std::unique_ptr<Subprocess>> processes_;
  unsigned last_seed_ = 0;
};

TEST_F(LockedWorkerOnServerTest, TwoHundredLeadersEndInEveryWayAndNoTwoRunAtOnce) {
  constexpr std::size_t kRuns = 200;
  for (int round = 0; runs() < kRuns && !HasFailure(); ++round) {
    const int number = leader();
    switch (round % 4) {
      case 0:
        delete_claim_of_holder();
        break;
      case 1:
        stop(number);
        start(number);
        break;
      case 2:
        kill_and_restart(number);
        break;
      default:
        freeze_for_longer_than_its_session(number);
        break;
    }
    await_runs(6);
  }
  for (const auto& [number, process] : processes_) stop(number);
  EXPECT_GE(runs(), kRuns);
  expect_no_two_runs_at_once();
}

}  // namespace
}  // namespace zklock::test
