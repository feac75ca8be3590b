#include <zklock/testing/mock_zookeeper_client.h>

// Getting into the queue: the claim, its directory, and being first.
#include <algorithm>

#include "lock_fixture.h"

namespace zklock {
namespace {

using ::testing::_;
using ::testing::DoDefault;
using ::testing::HasSubstr;
using ::testing::InSequence;
using ::testing::Return;
using ::testing::StartsWith;

/// A directory as listed, whatever is in it.
Children listed(std::vector<std::string> names) { return Children{.names = std::move(names)}; }

TEST_F(LockTest, FirstInTheQueueIsGrantedAtOnce) {
  EXPECT_CALL(*zk_, children).Times(1);
  EXPECT_CALL(*zk_, get_and_watch).Times(0);
  EXPECT_CALL(*zk_, set).Times(0);
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  EXPECT_TRUE(lease);
  EXPECT_TRUE(lease.valid());
  EXPECT_TRUE(zk_->exists(lease.znode()));
  EXPECT_EQ(lease.fencing_token(), zk_->stat(lease.znode()).czxid);
  EXPECT_EQ(lease.valid_until(), std::chrono::steady_clock::time_point::max());
  EXPECT_FALSE(lease.loss_reason());
  EXPECT_EQ(lock.lease(), lease);
}

TEST_F(LockTest, ConstructorWithAClientSendsNothing) {
  const auto strict =
      std::make_shared<::testing::StrictMock<zklock::testing::MockZooKeeperClient>>();
  const ZooKeeperLock lock(config(), strict);
  EXPECT_FALSE(lock.lease());
  EXPECT_EQ(lock.owner(), "");
}

TEST_F(LockTest, ClaimIsMadeUnderThePathWithTheAclOfTheConfig) {
  ZooKeeperLockConfig creators = config();
  creators.acl = Acl::creator_all();
  EXPECT_CALL(*zk_,
              create_protected_ephemeral_sequential("/locks/lock-", _, Acl::creator_all(), _));
  ZooKeeperLock lock(creators, zk_);
  lock.lock();
}

TEST_F(LockTest, ClaimNamesItsOwnerHostAndProcess) {
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock(owner("user1"));
  const internal::Metadata metadata = metadata_at(lease.znode());
  EXPECT_EQ(metadata.owner, "user1");
  EXPECT_EQ(metadata.host, "db7");
  EXPECT_EQ(metadata.pid, time_.pid());
  EXPECT_EQ(metadata.timestamp, time_.wall_now());
  EXPECT_EQ(metadata.ttl_deadline, std::nullopt);
  EXPECT_FALSE(metadata.waiting);
}

TEST_F(LockTest, SlashesAroundThePathAreNormalised) {
  for (const char* path : {"locks", "/locks/", "locks/", "//locks"}) {
    ZooKeeperLockConfig written = config();
    written.path = path;
    ZooKeeperLock lock(written, zk_);
    EXPECT_THAT(lock.lock().znode(), StartsWith("/locks/_c_")) << path;
  }
}

TEST_F(LockTest, OwnClaimMissingFromTheListIsNotFirstAndQueuesAgain) {
  EXPECT_CALL(*zk_, children)
      .WillOnce(Return(listed({"lock-0000000009"})))
      .WillRepeatedly(DoDefault());
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).Times(2);
  ZooKeeperLock lock(config(), zk_);
  const Lease lease = lock.lock();
  const auto requeued = seen_->all("requeued");
  ASSERT_EQ(requeued.size(), 1U);
  EXPECT_NE(requeued[0].znode, lease.znode());
  EXPECT_FALSE(zk_->exists(requeued[0].znode));
  EXPECT_TRUE(zk_->exists(lease.znode()));
}

TEST_F(LockTest, AnEmptyListDoesNotMakeAClaimFirst) {
  EXPECT_CALL(*zk_, children).WillOnce(Return(listed({}))).WillRepeatedly(DoDefault());
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).Times(2);
  ZooKeeperLock lock(config(), zk_);
  EXPECT_TRUE(zk_->exists(lock.lock().znode()));
  EXPECT_EQ(seen_->count("requeued"), 1U);
}

TEST_F(LockTest, AlwaysMissingClaimEndsWithTheDeadline) {
  const TimePasses passes(time_.time());
  EXPECT_CALL(*zk_, children).WillRepeatedly(Return(listed({})));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(Context().with_timeout(200ms)); });
  EXPECT_EQ(error.code(), Errc::locking_timed_out);
  EXPECT_TRUE(zk_->names("/locks").empty());
}

TEST_F(LockTest, MissingParentsAreCreatedFromTheInnermost) {
  ZooKeeperLockConfig deep = config();
  deep.path = "/a/b/c";
  deep.acl = Acl{{Permission::all, "ip", "10.0.0.1"}};
  {
    const InSequence in_this_order;
    for (const char* path : {"/a/b/c", "/a/b", "/a", "/a/b", "/a/b/c"}) {
      EXPECT_CALL(*zk_, create(path, "", deep.acl, _));
    }
  }
  ZooKeeperLock lock(deep, zk_);
  EXPECT_THAT(lock.lock().znode(), StartsWith("/a/b/c/_c_"));
}

TEST_F(LockTest, OnlyTheParentsThatAreMissingAreCreated) {
  ZooKeeperLockConfig deep = config();
  deep.path = "/locks/a";
  EXPECT_CALL(*zk_, create("/locks/a", _, _, _)).Times(1);
  EXPECT_CALL(*zk_, create("/locks", _, _, _)).Times(0);
  ZooKeeperLock lock(deep, zk_);
  EXPECT_THAT(lock.lock().znode(), StartsWith("/locks/a/_c_"));
}

TEST_F(LockTest, AParentCreatedBySomebodyElseIsUsed) {
  ZooKeeperLockConfig deep = config();
  deep.path = "/new";
  EXPECT_CALL(*zk_, create("/new", _, _, _))
      .WillOnce([&](const std::string& path, const std::string& data, const Acl&, const Context&) {
        zk_->make(path);
        return zk_->do_create(path, data);  // node_exists
      });
  ZooKeeperLock lock(deep, zk_);
  EXPECT_TRUE(lock.lock().valid());
}

TEST_F(LockTest, NoPermissionToCreateAParentFailsAtOnce) {
  ZooKeeperLockConfig deep = config();
  deep.path = "/new";
  EXPECT_CALL(*zk_, create).WillOnce(Return(ZooKeeperErrc::no_auth));
  ZooKeeperLock lock(deep, zk_);
  const LockError error = error_of([&] { lock.lock(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
}

TEST_F(LockTest, CreatingAParentIsRetriedWhenTheConnectionBreaks) {
  ZooKeeperLockConfig deep = config();
  deep.path = "/new";
  EXPECT_CALL(*zk_, create)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  ZooKeeperLock lock(deep, zk_);
  EXPECT_TRUE(lock.lock().valid());
}

TEST_F(LockTest, DeletedDirectoryIsRecreated) {
  EXPECT_CALL(*zk_, children)
      .WillOnce([&](const std::string& path, const Context&) -> Result<Children> {
        for (const std::string& name : zk_->names(path)) zk_->erase(path + "/" + name);
        zk_->erase(path);
        return ZooKeeperErrc::no_node;
      })
      .WillRepeatedly(DoDefault());
  ZooKeeperLock lock(config(), zk_);
  EXPECT_TRUE(zk_->exists(lock.lock().znode()));
}

TEST_F(LockTest, NoPermissionFailsAtOnceWithItsCause) {
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).WillOnce(Return(ZooKeeperErrc::no_auth));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_THAT(error.what(), HasSubstr("/locks"));
}

TEST_F(LockTest, NoPermissionToListFailsAtOnceAndLeavesNoClaim) {
  EXPECT_CALL(*zk_, children).WillOnce(Return(ZooKeeperErrc::no_auth));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
  EXPECT_TRUE(zk_->names("/locks").empty());
}

class FinalErrorTest : public LockTest, public ::testing::WithParamInterface<ZooKeeperErrc> {};

TEST_P(FinalErrorTest, FailsTheLockAtOnce) {
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential).WillOnce(Return(GetParam()));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), GetParam());
}

INSTANTIATE_TEST_SUITE_P(All, FinalErrorTest,
                         ::testing::Values(ZooKeeperErrc::auth_failed, ZooKeeperErrc::invalid_acl,
                                           ZooKeeperErrc::bad_arguments, ZooKeeperErrc::closing,
                                           ZooKeeperErrc::forked, ZooKeeperErrc::quota_exceeded,
                                           ZooKeeperErrc::marshalling_error,
                                           ZooKeeperErrc::no_children_for_ephemerals));

class PassingErrorTest : public LockTest, public ::testing::WithParamInterface<ZooKeeperErrc> {};

TEST_P(PassingErrorTest, IsRetried) {
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential)
      .WillOnce(Return(GetParam()))
      .WillRepeatedly(DoDefault());
  EXPECT_CALL(*zk_, children).WillOnce(Return(GetParam())).WillRepeatedly(DoDefault());
  ZooKeeperLock lock(config(), zk_);
  EXPECT_TRUE(lock.lock().valid());
  EXPECT_EQ(zk_->names("/locks").size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(All, PassingErrorTest,
                         ::testing::Values(ZooKeeperErrc::connection_loss,
                                           ZooKeeperErrc::operation_timeout,
                                           ZooKeeperErrc::session_expired,
                                           ZooKeeperErrc::session_moved, ZooKeeperErrc::throttled,
                                           ZooKeeperErrc::invalid_state));

TEST_F(LockTest, NoAnswerByTheDeadlineIsNotABusyLock) {
  const TimePasses passes(time_.time());
  EXPECT_CALL(*zk_, create_protected_ephemeral_sequential)
      .WillRepeatedly(Return(ZooKeeperErrc::connection_loss));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(Context().with_timeout(100ms)); });
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::connection_loss);
  EXPECT_THAT(error.what(), StartsWith("no server answered: /locks"));
}

TEST_F(LockTest, ForeignChildrenAreIgnored) {
  for (const char* name : {"members", "config", "lock", "0000000001", "lock-", "lock-1x",
                           "lock-99999999999999999999", "a__lock__0000000001"}) {
    zk_->claim("/locks/" + std::string(name));
  }
  EXPECT_CALL(*zk_, get_and_watch).Times(0);
  ZooKeeperLock lock(config(), zk_);
  EXPECT_TRUE(lock.lock().valid());
}

TEST_F(LockTest, WhateverEndsInANumberIsAClaim) {
  zk_->claim("/locks/somebody-elses-0000000001");
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());
}

TEST_F(LockTest, FurtherMarkersMakeClaims) {
  zk_->claim("/locks/979cb11f__lock__0000000001");
  ZooKeeperLockConfig shared = config();
  shared.further_claim_markers = {"-other-", "__lock__"};
  ZooKeeperLock lock(shared, zk_);
  EXPECT_FALSE(lock.try_lock());
  zk_->erase("/locks/979cb11f__lock__0000000001");
  EXPECT_TRUE(lock.try_lock());
}

TEST_F(LockTest, PersistentChildNeitherBlocksNorIsDeleted) {
  zk_->make("/locks/queue-0000000001");
  EXPECT_CALL(*zk_, remove).Times(0);
  ZooKeeperLock lock(ttl_config(10s), zk_);
  EXPECT_TRUE(lock.lock().valid());
  EXPECT_TRUE(zk_->exists("/locks/queue-0000000001"));
  ::testing::Mock::VerifyAndClearExpectations(zk_.get());
}

TEST_F(LockTest, PersistentChildrenBetweenClaimsAreSkipped) {
  zk_->make("/locks/queue-0000000000");
  zk_->claim(kFirst);
  zk_->make("/locks/queue-0000000003");
  ZooKeeperLock lock(config(), zk_);
  Waiter waiter(lock);
  ASSERT_TRUE(zk_->await_watched(kFirst));
  zk_->erase(kFirst);
  EXPECT_TRUE(waiter.lease().valid());
}

// Where the numbers do not show the order, czxid does.

TEST_F(LockTest, StuckCounterIsOrderedByCzxid) {
  zk_->next_sequence = 2'147'483'647;
  zk_->claim("/locks/lock-2147483647");
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());
  EXPECT_EQ(error_of([&] { lock.lock(late()); }).code(), Errc::locking_timed_out);
}

TEST_F(LockTest, WrappedNumbersAreBehindThoseBeforeTheWrap) {
  zk_->claim("/locks/lock-2147483646");
  zk_->next_sequence = -2'147'483'647 - 1;
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());  // though its number is the smallest
}

TEST_F(LockTest, NegativeNumbersAreOrderedByCzxid) {
  zk_->next_sequence = -3;
  ZooKeeperLock first(config(), zk_);
  first.lock();  // -3
  zk_->next_sequence = -7;
  ZooKeeperLock second(config(), zk_);
  EXPECT_FALSE(second.try_lock());
  first.unlock();
  EXPECT_TRUE(second.try_lock());
}

TEST_F(LockTest, EqualNumbersAreOrderedByCzxid) {
  zk_->claim("/locks/zzz-0000000005");  // behind, if names decided
  ZooKeeperLock lock(config(), zk_);
  EXPECT_FALSE(lock.try_lock());
}

TEST_F(LockTest, ClaimsThatCannotBeReadForCzxidAreReadAgain) {
  zk_->claim("/locks/lock--0000000009");
  EXPECT_CALL(*zk_, get)
      .WillOnce(Return(ZooKeeperErrc::connection_loss))
      .WillRepeatedly(DoDefault());
  ZooKeeperLock lock(config(), zk_);
  Waiter waiter(lock);
  ASSERT_TRUE(zk_->await_watched("/locks/lock--0000000009"));
  zk_->erase("/locks/lock--0000000009");
  EXPECT_TRUE(waiter.lease().valid());
}

TEST_F(LockTest, NoPermissionToReadClaimsForCzxidFailsTheLock) {
  zk_->claim("/locks/lock--0000000009");
  EXPECT_CALL(*zk_, get).WillRepeatedly(Return(ZooKeeperErrc::no_auth));
  ZooKeeperLock lock(config(), zk_);
  const LockError error = error_of([&] { lock.lock(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_auth);
}

TEST_F(LockTest, TokensGrow) {
  ZooKeeperLock lock(config(), zk_);
  const std::int64_t first = lock.lock().fencing_token();
  lock.unlock();
  EXPECT_GT(lock.lock().fencing_token(), first);
}

}  // namespace
}  // namespace zklock
