// `zklock run` on a path that others' locks use.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "interop/peer.h"
#include "interop/server_queue.h"
#include "support/subprocess.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using ::testing::Optional;
using ::testing::Values;

class RunCommandAmongOthersTest : public ::testing::TestWithParam<PeerKind> {};

TEST_P(RunCommandAmongOthersTest, WaitsForTheirsAndTheyForIt) {
  const std::string path = unique_path();
  const ServerQueue queue(path);
  Peer& theirs = Peer::shared(GetParam());
  const int holder = theirs.begin_to_lock(path);
  const std::optional<std::string> claim = theirs.granted(holder);
  ASSERT_TRUE(claim) << theirs.said();

  std::vector<std::string> command = {ZKLOCK_COMMAND, "run", path};
  for (const std::string& marker : GetParam().markers) {
    command.insert(command.end(), {"--claim-marker", marker});
  }
  command.insert(command.end(), {"--", "sh", "-c", "echo ready; read line; echo got $line"});
  Subprocess run(command, {"ZKLOCK_ADDRESS=" + ZooKeeperServer::shared().address()},
                 Subprocess::Input::written);
  const std::optional<std::string> its_claim = queue.waiter_behind(*claim);
  ASSERT_TRUE(its_claim) << run.standard_error();
  EXPECT_EQ(run.standard_output(), "");

  ASSERT_TRUE(theirs.unlock(holder)) << theirs.said();
  ASSERT_TRUE(run.wait_for_line("ready")) << run.standard_error();
  const int next = theirs.begin_to_lock(path);
  ASSERT_TRUE(queue.waiter_behind(*its_claim)) << theirs.said();
  EXPECT_FALSE(theirs.is_granted(next));
  ASSERT_TRUE(run.write("line\n"));
  EXPECT_THAT(run.wait_for_exit(), Optional(0)) << run.standard_error();
  EXPECT_TRUE(theirs.granted(next)) << theirs.said();
  EXPECT_TRUE(theirs.unlock(next));
}

INSTANTIATE_TEST_SUITE_P(Kinds, RunCommandAmongOthersTest,
                         Values(curator(), go_zookeeper(), kazoo_with_patterns()),
                         [](const auto& kind) { return kind.param.name; });

}  // namespace
}  // namespace zklock::test
