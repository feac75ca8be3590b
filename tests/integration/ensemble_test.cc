// The tests' own ensemble: what it breaks, breaks as it says, and nothing else.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>

#include <chrono>
#include <memory>
#include <set>
#include <string>

#include "integration/tools.h"
#include "support/unique_path.h"
#include "support/zookeeper_ensemble.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;
using ::testing::UnorderedElementsAre;
using Cut = ZooKeeperEnsemble::Cut;

/// One ensemble for all cases: each heals what it breaks.
class ZooKeeperEnsembleTest : public ::testing::Test {
 protected:
  /// Whether the servers that `client` can reach commit a write.
  static bool can_write(ZooKeeperClient& client, const Context& context = soon()) {
    return client.create("/" + std::to_string(++count_), "", Acl::open(), context).has_value();
  }
  [[nodiscard]] static std::shared_ptr<ZooKeeperClient> client_of(int server) {
    return connect(ensemble().address(server), {.session_timeout = 20s});
  }
  static ZooKeeperEnsemble& ensemble() {
    static ZooKeeperEnsemble ensemble;
    return ensemble;
  }
  static inline int count_ = 0;

  ZooKeeperEnsemble& ensemble_ = ensemble();
};

TEST_F(ZooKeeperEnsembleTest, ServesItsClientsAtEachServer) {
  const int leader = ensemble_.leader();
  std::set<int> servers = {leader};
  for (const int follower : ensemble_.followers()) servers.insert(follower);
  EXPECT_THAT(servers, UnorderedElementsAre(0, 1, 2));
  for (const int server : servers) EXPECT_TRUE(can_write(*client_of(server))) << server;
  EXPECT_TRUE(can_write(*connect(ensemble_.address())));
}

TEST_F(ZooKeeperEnsembleTest, ReplacesALeaderThatIsKilled) {
  const int killed = ensemble_.leader();
  ensemble_.kill(killed);
  EXPECT_NE(ensemble_.leader(), killed);
  EXPECT_TRUE(can_write(*connect(ensemble_.address())));
  ensemble_.restart(killed);
  ensemble_.wait_until_it_serves();
  EXPECT_NE(ensemble_.leader(), killed);
}

TEST_F(ZooKeeperEnsembleTest, ReplacesALeaderThatIsFrozen) {
  const int frozen = ensemble_.leader();
  ensemble_.stop(frozen);
  EXPECT_NE(ensemble_.leader(), frozen);
  ensemble_.resume(frozen);
  ensemble_.wait_until_it_serves();
  EXPECT_TRUE(ensemble_.server(frozen).serves());
}

TEST_F(ZooKeeperEnsembleTest, FollowerThatIsCutOffAnswersReadsForAWhile) {
  const int follower = ensemble_.followers().front();
  const std::shared_ptr<ZooKeeperClient> isolated = client_of(follower);
  const std::shared_ptr<ZooKeeperClient> other = client_of(ensemble_.leader());
  ensemble_.cut_off(follower);
  ASSERT_TRUE(other->create("/news", "", Acl::open(), soon())) << "the others go on";
  EXPECT_EQ(isolated->get("/news", soon()).error(), ZooKeeperErrc::no_node)
      << "it answers, and does not know";
  EXPECT_FALSE(can_write(*isolated, Context().with_timeout(200ms)));
  EXPECT_TRUE(becomes_true([&] { return !ensemble_.server(follower).serves(); }))
      << "it sees that it hears nothing";

  ensemble_.heal(follower);
  ensemble_.wait_until_it_serves();
  EXPECT_TRUE(isolated->get("/news", soon()));
  EXPECT_TRUE(can_write(*isolated));
}

/// In each of the ways to do so.
class CutOffTest : public ZooKeeperEnsembleTest, public ::testing::WithParamInterface<Cut> {};

TEST_P(CutOffTest, LeaderIsReplaced) {
  const int isolated = ensemble_.leader();
  ensemble_.cut_off(isolated, GetParam());
  EXPECT_NE(ensemble_.leader(), isolated);
  EXPECT_TRUE(can_write(*client_of(ensemble_.leader())));
  ensemble_.heal(isolated);
  ensemble_.wait_until_it_serves();
  EXPECT_TRUE(can_write(*client_of(isolated)));
}

std::string name_of(const ::testing::TestParamInfo<Cut>& cut) {
  switch (cut.param) {
    case Cut::silence:
      return "BySilence";
    case Cut::silence_of_it:
      return "BySilenceOfIt";
    case Cut::silence_to_it:
      return "BySilenceToIt";
    case Cut::reset:
      break;
  }
  return "ByResets";
}

INSTANTIATE_TEST_SUITE_P(Cuts, CutOffTest,
                         ::testing::Values(Cut::silence, Cut::silence_of_it, Cut::silence_to_it,
                                           Cut::reset),
                         name_of);

}  // namespace
}  // namespace zklock::test
