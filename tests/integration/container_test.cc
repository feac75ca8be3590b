// The lock's directory as a container, at a server that looks each second for those that it can
// remove.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <random>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "integration/tools.h"
#include "support/recording_watcher.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

class ContainerTest : public ::testing::Test {
 protected:
  static ZooKeeperServer& server() {
    static ZooKeeperServer one({.java_options = {"-Dznode.container.checkIntervalMs=1000",
                                                 "-Dznode.container.maxNeverUsedIntervalMs=1000"}});
    return one;
  }

  /// The czxid of the lock's directory; 0: there is none.
  [[nodiscard]] std::int64_t directory() const {
    const Result<Znode> znode = looker_->get(path_, soon());
    EXPECT_TRUE(znode || znode.error() == ZooKeeperErrc::no_node) << znode.error().message();
    return znode ? znode->stat.czxid : 0;
  }
  [[nodiscard]] bool directory_goes() const {
    return becomes_true([this] { return directory() == 0; });
  }

  /// Takes the lock again and again, until it has been granted in this many directories after the
  /// first one. Between a release and the next call: a gap of at most so long.
  void contend(int directories, std::chrono::milliseconds longest_gap) {
    ZooKeeperLock lock({.path = path_}, connect(server().address()));
    std::minstd_rand random(static_cast<unsigned>(++contenders_));
    const auto deadline = std::chrono::steady_clock::now() + kLongEnough;
    while (new_directories_ < directories) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "the servers remove nothing";
      std::error_code error;
      const Lease lease = lock.lock(soon(), error);
      ASSERT_FALSE(error) << error.message();
      ASSERT_EQ(holders_.fetch_add(1), 0) << "there are two holders";
      ASSERT_GT(lease.fencing_token(), last_token_.exchange(lease.fencing_token()));
      const std::int64_t number = sequence_number(lease.znode());
      if (number <= last_number_.exchange(number)) ++new_directories_;
      ASSERT_TRUE(lease.valid());
      --holders_;
      lock.unlock(lease, soon(), error);
      ASSERT_FALSE(error) << error.message();
      const auto most = static_cast<unsigned>(longest_gap.count());
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % most));
    }
  }

  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> looker_ = connect(server().address());
  std::atomic<int> contenders_{0};
  std::atomic<int> holders_{0};
  std::atomic<int> new_directories_{0};
  std::atomic<std::int64_t> last_token_{0};
  std::atomic<std::int64_t> last_number_{-1};
};

TEST_F(ContainerTest, GoesWhenTheLockIsNotUsedAnyMoreAndItsParentsStay) {
  ZooKeeperLock lock({.address = server().address(), .path = path_ + "/a/b"});
  lock.unlock(lock.lock(soon()));
  EXPECT_TRUE(becomes_true(
      [&] { return looker_->get(path_ + "/a/b", soon()).error() == ZooKeeperErrc::no_node; }));
  EXPECT_TRUE(looker_->get(path_ + "/a", soon()));
}

TEST_F(ContainerTest, ContendersWithIdleGapsDoNotNoticeThatItGoes) {
  {
    std::vector<std::jthread> contenders;
    for (int i = 0; i < 3; ++i) contenders.emplace_back([this] { contend(3, 100ms); });
  }
  EXPECT_TRUE(directory_goes());
}

TEST_F(ContainerTest, ALockThatIsTakenAllTheTimeDoesNotNoticeThatItGoes) {
  contend(2, 4ms);
  EXPECT_TRUE(directory_goes());
}

TEST_F(ContainerTest, TheWatchOfTheDirectoryReportsThatItGoes) {
  ZooKeeperLock lock({.path = path_}, looker_);
  lock.unlock(lock.lock(soon()));
  const auto watcher = std::make_shared<RecordingWatcher>();
  ASSERT_TRUE(looker_->get_and_watch(path_, watcher, soon()));
  EXPECT_TRUE(watcher->await(WatchEvent::Type::deleted, kLongEnough));
}

TEST_F(ContainerTest, ALockThatWasNeverTakenMayLoseItsDirectory) {
  ZooKeeperLock lock({.address = server().address(), .path = path_});
  ASSERT_TRUE(directory_goes());
  EXPECT_TRUE(lock.lock(soon()).valid());
}

TEST_F(ContainerTest, WaitingForAHolderMakesItAgain) {
  ZooKeeperLock lock({.path = path_}, connect(server().address()));
  auto changed = std::async(std::launch::async, [&] { return lock.wait_for_change({}, soon()); });
  std::int64_t last = 0;
  for (int times = 0; times < 3; ++times) {
    EXPECT_TRUE(becomes_true([&] {
      const std::int64_t now = directory();
      return now != 0 && now != last;
    }));
    last = directory();
  }
  const Lease lease = lock.lock(soon());
  const LockEntries queue = changed.get();
  ASSERT_EQ(queue.size(), 1U);
  EXPECT_EQ(queue.begin()->fencing_token, lease.fencing_token());
}

}  // namespace
}  // namespace zklock::test
