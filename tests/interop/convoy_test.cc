// Our locks and those of others in one queue, all the time: each holder counts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "integration/tools.h"
#include "interop/peer.h"
#include "interop/server_queue.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using ::testing::IsEmpty;
using ::testing::Values;

constexpr int kAcquisitions = 500;

/// The sequence numbers of the claims that were granted, in the order of granting: the last ten
/// digits, whatever stands in front of them.
std::vector<int> grants(const std::filesystem::path& directory) {
  std::vector<int> numbers;
  std::ifstream file(directory / "grants");
  for (std::string claim; file >> claim;)
    numbers.push_back(std::stoi(claim.substr(claim.size() - 10)));
  return numbers;
}

/// One contender of each of `kinds`, which may repeat, in a session of its own.
void count_together(const std::vector<PeerKind>& kinds) {
  const TemporaryDirectory directory;
  std::ofstream(directory.path() / "counter") << "0\n";
  const std::string path = unique_path();
  ZooKeeperLock lock({.address = ZooKeeperServer::shared().address(), .path = path});
  const ServerQueue queue(path);

  // They begin all at once: when all of them are in the queue.
  const Lease start = lock.lock(soon());
  std::vector<std::pair<Peer*, int>> contenders;
  for (const PeerKind& kind : kinds) {
    Peer& peer = Peer::shared(kind);
    const int times = kAcquisitions / static_cast<int>(kinds.size());
    contenders.emplace_back(&peer, peer.begin_to_count(path, directory.path(), times));
  }
  ASSERT_TRUE(becomes_true([&] { return queue.names().size() == 1 + kinds.size(); }));
  lock.unlock(start, soon());
  for (const auto& [peer, contender] : contenders) {
    ASSERT_TRUE(peer->has_counted(contender)) << contender << " of " << peer->said();
  }

  int counter = 0;
  std::ifstream(directory.path() / "counter") >> counter;
  EXPECT_EQ(counter, kAcquisitions);
  const std::vector<int> numbers = grants(directory.path());
  EXPECT_EQ(numbers.size(), static_cast<std::size_t>(kAcquisitions));
  for (std::size_t i = 1; i < numbers.size(); ++i) {
    EXPECT_GT(numbers[i], numbers[i - 1]) << "grant " << i << " is not in the queue's order";
  }
  EXPECT_THAT(queue.names(), IsEmpty());
}

class ConvoyTest : public ::testing::TestWithParam<PeerKind> {};

TEST_P(ConvoyTest, TwoOfOursAndTwoOfTheirsCountTo500InOrder) {
  const PeerKind& theirs = GetParam();
  count_together({ours(theirs.markers), ours_with_ttl(theirs.markers), theirs, theirs});
}

INSTANTIATE_TEST_SUITE_P(Kinds, ConvoyTest,
                         Values(curator(), go_zookeeper(), write_lock(), kazoo_with_patterns(),
                                kazoo_with_lock_names()),
                         [](const auto& kind) { return kind.param.name; });

TEST(MixedConvoyTest, AllWithTheSameClaimNamesCountTo500InOrder) {
  count_together({ours(), ours_with_ttl(), curator(), go_zookeeper(), kazoo_with_lock_names()});
}

}  // namespace
}  // namespace zklock::test
