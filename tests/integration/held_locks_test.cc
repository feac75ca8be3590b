// Thousands of locks held by one process: what each costs, and that all of them last.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/as_claim_client.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

std::size_t threads() {
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<std::size_t>(std::distance(begin(entries), end(entries)));
}

std::size_t allocated_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::chrono::nanoseconds processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

class HeldLocksTest : public ::testing::Test {
 protected:
  // Many calls are under way at a time: alone, each would wait for the server's disk.
  void hold(std::size_t count) {
    const std::size_t before = locks_.size();
    for (std::size_t i = before; i < before + count; ++i) {
      locks_.push_back(std::make_unique<ZooKeeperLock>(
          ZooKeeperLockConfig{.path = path_ + "/lock-" + std::to_string(i)}, client_));
    }
    leases_.resize(locks_.size());
    for_each_lock(before, [this](std::size_t i, std::error_code& error) {
      leases_[i] = locks_[i]->lock(soon(), error);
    });
  }
  void release_all() {
    for_each_lock(0, [this](std::size_t i, std::error_code& error) {
      locks_[i]->unlock(leases_[i], soon(), error);
    });
  }
  template <class Call>
  void for_each_lock(std::size_t first, const Call& call) {
    constexpr std::size_t kThreads = 16;
    std::vector<std::jthread> calling;
    for (std::size_t thread = 0; thread < kThreads; ++thread) {
      calling.emplace_back([this, first, thread, call] {
        for (std::size_t i = first + thread; i < locks_.size(); i += kThreads) {
          std::error_code error;
          call(i, error);
          ASSERT_FALSE(error) << i << ": " << error.message();
        }
      });
    }
  }
  [[nodiscard]] std::size_t watches() const {
    const std::string answer = ZooKeeperServer::shared().ask("mntr");
    const std::string name = "zk_watch_count\t";
    const std::size_t at = answer.find(name);
    return at == std::string::npos ? 0 : std::stoul(answer.substr(at + name.size()));
  }
  [[nodiscard]] std::size_t valid() const {
    return static_cast<std::size_t>(
        std::count_if(leases_.begin(), leases_.end(), [](const Lease& l) { return l.valid(); }));
  }

  const std::string path_ = unique_path();
  LoopbackProxy proxy_{ZooKeeperServer::shared().port()};
  std::shared_ptr<ClaimClient> client_ = testing::connect_claim_client(proxy_.address());
  std::vector<std::unique_ptr<ZooKeeperLock>> locks_;
  std::vector<Lease> leases_;
};

TEST_F(HeldLocksTest, AreCheapAndLast) {
  constexpr std::size_t kLocks = 5'000;
  hold(100);
  ASSERT_TRUE(becomes_true([&] { return watches() == 100; })) << "each is watched";
  const std::size_t threads_before = threads();
  const std::size_t bytes_before = allocated_bytes();
  hold(kLocks);
  ASSERT_TRUE(becomes_true([&] { return watches() == kLocks + 100; }));
  EXPECT_EQ(threads(), threads_before);
  EXPECT_LT((allocated_bytes() - bytes_before) / kLocks, 2'048U);
  EXPECT_EQ(client_->with_capacity(), nullptr) << "one session does for them";

  // Idle: what matters is what it takes in the long run.
  const std::chrono::nanoseconds used_before = processor_time();
  constexpr std::chrono::nanoseconds kIdle = 4s;
  std::this_thread::sleep_for(kIdle);
  EXPECT_LT(processor_time() - used_before, kIdle / 100);

  const std::size_t connections = proxy_.connections();
  proxy_.cut();
  ASSERT_TRUE(becomes_true([&] { return proxy_.connections() > connections; }));
  ASSERT_TRUE(client_->get("/", soon()));
  EXPECT_EQ(valid(), locks_.size());
  // Their watches still work.
  ASSERT_TRUE(connect(ZooKeeperServer::shared().address())
                  ->remove(leases_.back().znode(), ZooKeeperClient::kAnyVersion, soon()));
  EXPECT_TRUE(is_stopped(leases_.back().lost()));
  EXPECT_EQ(valid(), locks_.size() - 1);
  locks_.pop_back();
  release_all();
}

TEST_F(HeldLocksTest, AreSpreadOverSessionsAutomatically) {
  constexpr std::size_t kLocks = 20'000;
  hold(kLocks);
  EXPECT_EQ(valid(), kLocks);
  std::map<std::int64_t, std::size_t> bytes;
  const auto looker = connect(ZooKeeperServer::shared().address());
  for (const Lease& lease : leases_) {
    const Result<Znode> znode = looker->get(lease.znode(), soon());
    ASSERT_TRUE(znode);
    bytes[znode->stat.ephemeral_owner] += lease.znode().size();
  }
  EXPECT_GE(bytes.size(), 3U);
  for (const auto& [session, size] : bytes) EXPECT_LT(size, 512U * 1'024U);
  release_all();
}

}  // namespace
}  // namespace zklock::test
