// WhenUncertain::suspend on real servers: outages that are longer than a lease has left, and
// shorter than its session.
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "integration/hold_evidence.h"
#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/recording_observer.h"
#include "support/unique_path.h"
#include "support/zookeeper_ensemble.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

/// A holder with a session of its own.
struct Holder {
  explicit Holder(const std::string& address, std::chrono::milliseconds session_timeout,
                  const std::string& path = unique_path())
      : lock({.address = address,
              .path = path,
              .observer = observer,
              .client = {.session_timeout = session_timeout},
              .when_uncertain = WhenUncertain::suspend}),
        lease(lock.lock(soon())) {}

  const std::shared_ptr<RecordingObserver> observer = std::make_shared<RecordingObserver>();
  ZooKeeperLock lock;
  Lease lease;
};

TEST(LeaseSuspensionOnServerTest, AnElectionThatTakesLongerThanTheEvidenceLosesNoLease) {
  ZooKeeperEnsemble ensemble;
  std::vector<std::unique_ptr<Holder>> holders(10);
  for (std::unique_ptr<Holder>& holder : holders) {
    holder = std::make_unique<Holder>(ensemble.address(), 10s);
  }
  std::vector<std::stop_token> suspended;
  for (const auto& holder : holders) suspended.push_back(holder->lease.suspended());

  // One of three is no quorum.
  const std::vector<int> followers = ensemble.followers();
  for (const int server : followers) ensemble.kill(server);
  for (std::size_t i = 0; i < holders.size(); ++i) {
    EXPECT_TRUE(becomes_true([&] { return suspended[i].stop_requested(); }));
    EXPECT_FALSE(holders[i]->lease.valid());
  }
  for (const int server : followers) ensemble.restart(server);
  ensemble.wait_until_it_serves();
  for (const auto& holder : holders) {
    EXPECT_NO_THROW(holder->lease.await_certainty(soon()));
    EXPECT_TRUE(holder->lease.valid());
    EXPECT_NO_THROW(holder->lease.verify(soon()));
    EXPECT_EQ(holder->observer->count("lost"), 0U);
    EXPECT_NO_THROW(holder->lock.unlock(holder->lease, soon()));
  }
}

class SuspendedBehindAProxyTest : public ::testing::Test {
 protected:
  void let_it_be_suspended() {
    const std::stop_token suspended = holder_.lease.suspended();
    hold_evidence(proxy_);
    ASSERT_TRUE(becomes_true([&] { return suspended.stop_requested(); }));
    ASSERT_FALSE(holder_.lease.valid());
  }

  ZooKeeperServer& server_ = ZooKeeperServer::shared();
  LoopbackProxy proxy_{server_.port()};
  const std::string path_ = unique_path();
  Holder holder_{proxy_.address(), 6s, path_};
};

TEST_F(SuspendedBehindAProxyTest, KeepsItsPlaceAndItsToken) {
  const std::int64_t token = holder_.lease.fencing_token();
  ZooKeeperLock theirs({.address = server_.address(), .path = path_});
  std::stop_source stop;
  auto waits = std::async(std::launch::async, [&] {
    return theirs.lock(Context().with_stop_token(stop.get_token())).fencing_token();
  });
  EXPECT_TRUE(becomes_true([&] { return theirs.entries(soon()).size() == 2; }));
  let_it_be_suspended();
  proxy_.heal();
  EXPECT_NO_THROW(holder_.lease.await_certainty(soon()));
  EXPECT_TRUE(holder_.lease.valid());
  EXPECT_EQ(holder_.lease.fencing_token(), token);
  EXPECT_EQ(theirs.entries(soon()).size(), 2U) << "the other one still waits";
  EXPECT_NO_THROW(holder_.lock.unlock(holder_.lease, soon()));
  EXPECT_GT(waits.get(), token);
}

TEST_F(SuspendedBehindAProxyTest, AClaimThatIsDeletedMeanwhileIsLost) {
  let_it_be_suspended();
  const auto operator_client = connect(server_.address());
  ASSERT_FALSE(
      operator_client->remove(holder_.lease.znode(), ZooKeeperClient::kAnyVersion, soon()).error());
  proxy_.heal();
  EXPECT_TRUE(becomes_true([&] { return holder_.lease.lost().stop_requested(); }));
  EXPECT_EQ(holder_.lease.loss_reason(), LossReason::claim_deleted);
  std::error_code error;
  holder_.lease.await_certainty(soon(), error);
  EXPECT_EQ(error, Errc::lock_lost);
}

TEST_F(SuspendedBehindAProxyTest, ASessionThatEndsMeanwhileIsLostAndAnotherIsGranted) {
  ZooKeeperLock theirs({.address = server_.address(), .path = path_});
  let_it_be_suspended();
  const std::stop_token suspended = holder_.lease.suspended();
  EXPECT_TRUE(suspended.stop_requested());
  const Lease next = theirs.lock(soon());  // when the session has expired
  EXPECT_FALSE(holder_.lease.valid());
  proxy_.heal();
  EXPECT_TRUE(becomes_true([&] { return holder_.lease.lost().stop_requested(); }));
  EXPECT_EQ(holder_.lease.loss_reason(), LossReason::session_expired);
  EXPECT_TRUE(next.valid());
  EXPECT_EQ(holder_.observer->count("resumed"), 0U);
}

}  // namespace
}  // namespace zklock::test
