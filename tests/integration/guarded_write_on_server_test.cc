// Guarded writes of several holders, whose connections break and whose claims are deleted all the
// time.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/guarded_write.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

constexpr int kContenders = 4;
constexpr int kGrants = 25;
constexpr int kWrites = 4;  // of a grant

/// What `commit` has said of each write.
struct Reports {
  std::set<std::string> done;
  std::set<std::string> not_done;
  int in_doubt = 0;
};

class GuardedWriteOnServerTest : public ::testing::Test {
 protected:
  GuardedWriteOnServerTest() {
    for (const std::string& path : {std::string("/zklock-test"), path_, runs_}) {
      static_cast<void>(client_->create(path, "", Acl::open(), soon()));
    }
  }

  /// Each write names itself, and its grant.
  void write(ZooKeeperClient& client, const Lease& lease, const std::string& name,
             Reports& reports) const {
    const Result<Znode> seen = client.get(path_, soon());
    if (!seen) return;
    try {
      GuardedWrite(lease)
          .set(path_, name, seen->stat.version)
          .create(runs_ + "/" + name, std::to_string(lease.fencing_token()))
          .commit(soon());
      reports.done.insert(name);
    } catch (const LockError& error) {
      if (may_have_been_done(error.code())) {
        ++reports.in_doubt;
      } else {
        reports.not_done.insert(name);
      }
    }
  }

  [[nodiscard]] Reports contend(int who, const std::string& address) const {
    Reports reports;
    const auto client = zklock::connect(address, {.session_timeout = 2s});
    ZooKeeperLock lock({.path = path_ + "/lock"}, client);
    for (int grant = 0; grant < kGrants; ++grant) {
      std::error_code error;
      const Lease lease = lock.lock(soon(), error);
      if (error) continue;
      for (int i = 0; i < kWrites; ++i) {
        const int number = kWrites * grant + i;
        write(*client, lease, std::to_string(who) + "-" + std::to_string(number), reports);
      }
      lock.unlock(lease, soon(), error);
    }
    return reports;
  }

  void delete_claim_of_holder() const {
    const LockEntries queue = lock_.entries(soon());
    if (queue.empty()) return;
    static_cast<void>(client_->remove(queue.begin()->path, ZooKeeperClient::kAnyVersion, soon()));
  }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(server_.address());
  const std::string path_ = unique_path();
  const std::string runs_ = path_ + "/runs";
  const ZooKeeperLock lock_{{.path = path_ + "/lock"}, client_};
};

TEST_F(GuardedWriteOnServerTest, EachReportIsTrueAndNoGrantWritesAfterALaterOne) {
  std::vector<std::unique_ptr<LoopbackProxy>> proxies;
  std::vector<std::future<Reports>> contenders;
  for (int who = 0; who < kContenders; ++who) {
    proxies.push_back(std::make_unique<LoopbackProxy>(server_.port()));
  }
  for (int who = 0; who < kContenders; ++who) {
    contenders.push_back(std::async(std::launch::async, [this, who, &proxies] {
      return contend(who, proxies[static_cast<std::size_t>(who)]->address());
    }));
  }
  std::mt19937 random(17);
  Reports all;
  for (std::future<Reports>& contender : contenders) {
    // The pauses are what the test is about, and nothing waits for them.
    while (contender.wait_for(20ms) != std::future_status::ready) {
      proxies[random() % kContenders]->cut();
      if (random() % 4 == 0) delete_claim_of_holder();
    }
    Reports reports = contender.get();
    all.done.merge(reports.done);
    all.not_done.merge(reports.not_done);
    all.in_doubt += reports.in_doubt;
  }

  const Result<Children> written = client_->children(runs_, soon());
  ASSERT_TRUE(written);
  const std::set<std::string> names(written->names.begin(), written->names.end());
  for (const std::string& name : all.done) EXPECT_EQ(names.count(name), 1U) << name;
  for (const std::string& name : all.not_done) EXPECT_EQ(names.count(name), 0U) << name;
  std::map<std::int64_t, std::int64_t> tokens;  // by the zxid of the write
  for (const std::string& name : names) {
    const Result<Znode> run = client_->get(runs_ + "/" + name, soon());
    ASSERT_TRUE(run);
    tokens[run->stat.czxid] = std::stoll(run->data);
  }
  std::int64_t latest = 0;
  for (const auto& [zxid, token] : tokens) {
    EXPECT_GE(token, latest) << "written at " << zxid;
    latest = token;
  }
  EXPECT_GT(all.done.size(), 100U);
  EXPECT_GT(all.not_done.size(), 0U);
  RecordProperty("in_doubt", all.in_doubt);
}

}  // namespace
}  // namespace zklock::test
