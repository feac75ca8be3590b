// Locks of users whom the servers know by SASL: queues, ACLs, broken connections, changed
// passwords.
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>

#include "integration/tools.h"
#include "support/loopback_proxy.h"
#include "support/unique_path.h"
#include "tls/sasl_stage.h"

namespace zklock::test {
namespace {

using namespace std::chrono_literals;

class SaslLockTest : public ::testing::Test {
 protected:
  static SaslStage& stage() { return SaslStage::shared(); }
  [[nodiscard]] std::shared_ptr<ZooKeeperClient> client_as(
      const SaslOptions& sasl, std::chrono::milliseconds session_timeout = 10s) const {
    return connect(proxy_.address(),
                   {.session_timeout = session_timeout, .sasl = sasl, .logger = logger_});
  }

  const std::string path_ = unique_path();
  const std::shared_ptr<RecordingLogger> logger_ = std::make_shared<RecordingLogger>();
  LoopbackProxy proxy_{stage().server.port(), LoopbackProxy::Traffic::bytes};
};

TEST_F(SaslLockTest, OneHoldsAtATime) {
  ZooKeeperLock first({.path = path_}, client_as(stage().user("orders")));
  ZooKeeperLock second({.path = path_}, client_as(stage().user("billing")));
  const Lease lease = first.lock(soon());
  std::future<Lease> waiting = lock_async(second);
  EXPECT_FALSE(is_ready(waiting, 100ms));
  first.unlock(lease, soon());
  const Lease next = granted(waiting);
  EXPECT_TRUE(next.valid());
  second.unlock(next, soon());
}

TEST_F(SaslLockTest, AnAclMayNameTheUser) {
  const auto billing = client_as(stage().user("billing"));
  const auto anonymous = connect(stage().server.address());
  for (const Acl& acl : {Acl{{Permission::all, "sasl", "orders"}}, Acl::creator_all()}) {
    const std::string path = "/protected" + unique_path();  // with parents of its own
    ZooKeeperLock lock({.path = path, .acl = acl}, client_as(stage().user("orders")));
    const Lease lease = lock.lock(soon());
    for (const auto& other : {billing, anonymous}) {
      EXPECT_EQ(other->get(lease.znode(), soon()).error(), ZooKeeperErrc::no_auth);
      EXPECT_EQ(other->children(path, soon()).error(), ZooKeeperErrc::no_auth);
      EXPECT_EQ(other->remove(lease.znode(), -1, soon()).error(), ZooKeeperErrc::no_auth);
      ZooKeeperLock theirs({.path = path}, other);
      EXPECT_EQ(error_of([&] { theirs.lock(soon()); }).cause(), ZooKeeperErrc::no_auth);
    }
    lock.unlock(lease, soon());
  }
}

TEST_F(SaslLockTest, ALeaseOutlivesBrokenConnectionsAndARestartOfTheServer) {
  ZooKeeperLock lock({.path = path_}, client_as(stage().user("orders"), 30s));
  const Lease lease = lock.lock(soon());
  for (int i = 0; i < 3; ++i) {
    proxy_.cut();
    EXPECT_NO_THROW(lease.verify(soon()));
  }
  stage().server.restart();
  EXPECT_NO_THROW(lease.verify(soon()));
  lock.unlock(lease, soon());
}

TEST_F(SaslLockTest, APasswordThatIsReplacedInTimeKeepsTheLease) {
  const SaslOptions user = stage().user("orders");
  ZooKeeperLock lock({.path = path_}, client_as(user, 30s));
  const Lease lease = lock.lock(soon());
  stage().change_users({{"orders", "another-horse"}});
  SaslStage::write_password(user, "another-horse");
  stage().server.restart();
  EXPECT_NO_THROW(lease.verify(soon()));
  lock.unlock(lease, soon());
  stage().change_users(SaslStage::usual_users());
  stage().server.restart();
}

TEST_F(SaslLockTest, AUserWhoIsRefusedLosesTheLeaseInTimeAndMayComeBack) {
  const SaslOptions user = stage().user("orders");
  ZooKeeperLock lock({.path = path_}, client_as(user, 2s));
  const Lease lease = lock.lock(soon());
  SaslStage::write_password(user, "wrong-horse");
  proxy_.cut();
  EXPECT_TRUE(logger_->await("cannot log in \"orders\" by SASL: the servers refuse"));
  ASSERT_TRUE(becomes_true([&] { return lease.lost().stop_requested(); }));
  EXPECT_EQ(lease.loss_reason(), LossReason::cut_off);
  SaslStage::write_password(user, SaslStage::usual_users().at("orders"));
  lock.unlock(lock.lock(soon()), soon());
}

TEST_F(SaslLockTest, ARefusalThatIsMendedInTimeKeepsTheLease) {
  const SaslOptions user = stage().user("orders");
  ZooKeeperLock lock({.path = path_}, client_as(user, 30s));
  const Lease lease = lock.lock(soon());
  SaslStage::write_password(user, "wrong-horse");
  proxy_.cut();
  EXPECT_TRUE(logger_->await("cannot log in \"orders\" by SASL: the servers refuse"));
  SaslStage::write_password(user, SaslStage::usual_users().at("orders"));
  EXPECT_NO_THROW(lease.verify(soon()));
  EXPECT_TRUE(lease.valid());
  lock.unlock(lease, soon());
}

TEST_F(SaslLockTest, APasswordFileThatIsGoneIsLogged) {
  const SaslOptions user = stage().user("orders");
  ZooKeeperLock lock({.path = path_}, client_as(user, 30s));
  const Lease lease = lock.lock(soon());
  std::filesystem::remove(user.password_file);
  proxy_.cut();
  EXPECT_TRUE(logger_->await("cannot log in \"orders\" by SASL: cannot read \"" +
                             user.password_file + '"'));
}

}  // namespace
}  // namespace zklock::test
