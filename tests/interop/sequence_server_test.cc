// Sequence numbers at and over 2147483647 on a real server, which begins with a snapshot of a
// directory in which so many children have been created.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "support/temporary_directory.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;

/// What a ZooKeeper server writes as its snapshot: records in big-endian order, and a checksum.
class Snapshot {
 public:
  Snapshot() {
    bytes_ = "ZKSN";
    add(2, 4);   // version
    add(-1, 8);  // database
    add(0, 4);   // sessions
    add(0, 4);   // lists of access rights
  }
  /// A persistent znode, open to all. `creates`: how many children were created in it.
  void add_znode(std::string_view path, std::int32_t creates) {
    constexpr std::int64_t kOpen = -1;
    add(path);
    add("");  // data
    add(kOpen, 8);
    for (int i = 0; i < 4; ++i) add(0, 8);  // czxid, mzxid, ctime, mtime
    add(0, 4);                              // version
    add(creates, 4);
    add(0, 4);  // aversion
    add(0, 8);  // owner
    add(0, 8);  // pzxid
  }
  [[nodiscard]] std::string finish() && {
    add("/");
    add(adler32(), 8);
    add("/");
    return std::move(bytes_);
  }

 private:
  void add(std::int64_t number, int bytes) {
    while (bytes-- > 0) bytes_ += static_cast<char>(number >> 8 * bytes);
  }
  void add(std::string_view text) {
    add(static_cast<std::int64_t>(text.size()), 4);
    bytes_ += text;
  }
  [[nodiscard]] std::int64_t adler32() const {
    std::int64_t low = 1;
    std::int64_t high = 0;
    for (const char c : bytes_) {
      low = (low + static_cast<unsigned char>(c)) % 65'521;
      high = (high + low) % 65'521;
    }
    return high << 16 | low;
  }

  std::string bytes_;
};

class SequenceServerTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kLast = 2147483647;
  static constexpr const char* kPath = "/locks";

  /// A data directory in which the next numbers in kPath are the last five.
  static std::vector<std::string> settings(const TemporaryDirectory& directory) {
    Snapshot snapshot;
    snapshot.add_znode("", 0);
    snapshot.add_znode("/zookeeper", 0);
    snapshot.add_znode("/zookeeper/quota", 0);
    snapshot.add_znode(kPath, static_cast<std::int32_t>(kLast - 4));
    const std::filesystem::path data = directory.path() / "version-2";
    std::filesystem::create_directory(data);
    std::ofstream(data / "snapshot.1", std::ios::binary) << std::move(snapshot).finish();
    return {"dataDir=" + directory.path().string()};
  }

  const TemporaryDirectory directory_;
  const ZooKeeperServer server_{{.settings = settings(directory_)}};
};

TEST_F(SequenceServerTest, OneHoldsAtATimeInTheOrderOfTheClaims) {
  constexpr std::size_t kInstances = 5;
  constexpr std::size_t kThreadsOfEach = 5;
  const auto client = connect(server_.address());
  ZooKeeperLock first({.path = kPath}, client);
  const Lease start = first.lock(soon());
  ASSERT_EQ(sequence_number(start.znode()), kLast - 4);

  std::vector<std::unique_ptr<ZooKeeperLock>> locks;
  std::vector<std::future<void>> running;
  std::atomic<bool> is_held = true;
  std::mutex mutex;
  std::vector<std::int64_t> tokens;  // guarded by mutex
  for (std::size_t i = 0; i < kInstances; ++i) {
    locks.push_back(std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = kPath},
                                                    connect(server_.address())));
    for (std::size_t thread = 0; thread < kThreadsOfEach; ++thread) {
      running.push_back(std::async(std::launch::async, [&, lock = locks.back().get()] {
        const Lease lease = lock->lock(soon());
        EXPECT_FALSE(is_held.exchange(true)) << "two hold the lock: " << lease.znode();
        {
          const std::scoped_lock guard(mutex);
          tokens.push_back(lease.fencing_token());
        }
        is_held = false;
        lock->unlock(lease, soon());
      }));
    }
  }
  constexpr std::size_t kClaims = 1 + kInstances * kThreadsOfEach;
  LockEntries queue;
  EXPECT_TRUE(becomes_true([&] { return (queue = first.entries(soon())).size() == kClaims; }));
  is_held = false;
  first.unlock(start, soon());
  for (std::future<void>& contender : running) EXPECT_NO_THROW(contender.get());

  EXPECT_THAT(queue.ids(), Contains(kLast)) << "the limit was reached";
  std::vector<std::int64_t> expected;
  for (const LockEntry& entry : queue) expected.push_back(entry.fencing_token);
  EXPECT_TRUE(std::is_sorted(expected.begin(), expected.end())) << "entries() is in order, too";
  expected.erase(expected.begin());  // the first one's
  EXPECT_EQ(tokens, expected);
  EXPECT_THAT(client->children(kPath, soon())->names, IsEmpty());
}

TEST_F(SequenceServerTest, NewcomersDoNotOvertakeAHolderWithTheSameNumber) {
  ZooKeeperLock holder({.path = kPath}, connect(server_.address()));
  ZooKeeperLock newcomer({.path = kPath}, connect(server_.address()));
  Lease lease;
  while (!lease || sequence_number(lease.znode()) != kLast) {
    if (lease) holder.unlock(lease, soon());
    lease = holder.lock(soon());
  }
  for (int attempt = 0; attempt < 20; ++attempt) {
    ASSERT_FALSE(newcomer.try_lock()) << "its random id came before the holder's";
    ASSERT_TRUE(lease.valid());
  }
  EXPECT_EQ(holder.entries(soon()).first(), kLast);
}

}  // namespace
}  // namespace zklock::test
