// A lock whose contenders have identities of their own, and somebody who has another one.
#include <gtest/gtest.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <memory>
#include <string>

#include "integration/tools.h"
#include "support/unique_path.h"
#include "support/zookeeper_server.h"

namespace zklock::test {
namespace {

class LockAclTest : public ::testing::Test {
 protected:
  static std::shared_ptr<ZooKeeperClient> client_of(const std::string& identity) {
    return connect(ZooKeeperServer::shared().address(), {.auth = {{"digest", identity}}});
  }
  /// Names both contenders by what ZooKeeper's DigestAuthenticationProvider makes of
  /// "orders:secret" and "billing:secret".
  static Acl contenders() {
    return {{Permission::all, "digest", "orders:08sob9dMDb87qFrxEU6Yzq8j3HU="},
            {Permission::all, "digest", "billing:dHGgc9lSFMVT6EX5+eMl9Yj90yU="}};
  }
  [[nodiscard]] ZooKeeperLockConfig config() const { return {.path = path_, .acl = contenders()}; }

  const std::string path_ = unique_path();
  ZooKeeperLock orders_{config(), client_of("orders:secret")};
  ZooKeeperLock billing_{config(), client_of("billing:secret")};
  const std::shared_ptr<ZooKeeperClient> stranger_ = client_of("stranger:secret");
};

TEST_F(LockAclTest, ContendersWithIdentitiesOfTheirOwnShareALock) {
  const Lease first = orders_.lock(soon());
  std::future<Lease> second = lock_async(billing_);
  ASSERT_TRUE(becomes_true([&] { return billing_.entries(soon()).size() == 2; }));
  orders_.unlock(first, soon());
  const Lease next = granted(second);
  EXPECT_TRUE(next.valid());
  EXPECT_GT(next.fencing_token(), first.fencing_token());
  billing_.unlock(next, soon());
}

TEST_F(LockAclTest, SomebodyElseCanNeitherReadNorBreakNorTakeIt) {
  const Lease lease = orders_.lock(soon());
  EXPECT_EQ(stranger_->get(lease.znode(), soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(stranger_->set(lease.znode(), "", ZooKeeperClient::kAnyVersion, soon()).error(),
            ZooKeeperErrc::no_auth);
  EXPECT_EQ(stranger_->remove(lease.znode(), ZooKeeperClient::kAnyVersion, soon()).error(),
            ZooKeeperErrc::no_auth);
  EXPECT_EQ(stranger_->children(path_, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(stranger_->create(path_ + "/a-lock-0000000000", "", Acl::open(), soon()).error(),
            ZooKeeperErrc::no_auth);
  ZooKeeperLock lock({.path = path_}, stranger_);
  std::error_code error;
  EXPECT_FALSE(lock.lock(soon(), error));
  EXPECT_EQ(error, Errc::locking_failed);
  EXPECT_NO_THROW(lease.verify(soon()));
  orders_.unlock(lease, soon());
}

}  // namespace
}  // namespace zklock::test
