// Others in a directory of ours, which goes whenever nobody uses it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <fstream>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "integration/tools.h"
#include "interop/peer.h"
#include "support/soon.h"
#include "support/temporary_directory.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using ::testing::Values;

std::string name_of(const ::testing::TestParamInfo<PeerKind>& kind) { return kind.param.name; }

class GoingDirectoryOfPeersTest : public ::testing::TestWithParam<PeerKind> {
 protected:
  /// As the servers do it with containers: if it is empty and has had children.
  [[nodiscard]] bool remove_if_unused() const {
    const Result<Znode> znode = client_->get(path_, soon());
    if (!znode || znode->stat.num_children > 0 || znode->stat.cversion == 0) return false;
    return client_->remove(path_, znode->stat.version, soon()).has_value();
  }

  const std::string path_ = unique_path();
  const std::shared_ptr<ZooKeeperClient> client_ = connect(ZooKeeperServer::shared().address());
  const ZooKeeperLock directory_{{.address = ZooKeeperServer::shared().address(), .path = path_}};
};

TEST_P(GoingDirectoryOfPeersTest, TheyCreateItAgain) {
  constexpr int kTimes = 50;
  Peer& peer = Peer::shared(GetParam());
  std::atomic<int> removals{0};
  const std::jthread servers([&](const std::stop_token& end) {
    while (!end.stop_requested()) removals += remove_if_unused() ? 1 : 0;
  });
  // It is empty between two of their claims for less than a millisecond: on some days they count to
  // the end before it is met like that.
  const Context limit = soon();
  do {
    const TemporaryDirectory directory;
    std::ofstream(directory.path() / "counter") << "0\n";
    const int contender = peer.begin_to_count(path_, directory.path(), kTimes);
    ASSERT_TRUE(peer.has_counted(contender)) << peer.said();
  } while (removals == 0 && !limit.expired());
  EXPECT_GT(removals, 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds, GoingDirectoryOfPeersTest,
                         Values(ours(), curator(), go_zookeeper()), name_of);

}  // namespace
}  // namespace zklock::test
