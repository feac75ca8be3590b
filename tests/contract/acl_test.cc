// Access control lists: which session may do what.
#include <zklock/zookeeper_client.h>

#include <string>
#include <vector>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Acl anyone_may(Permission permission) { return Acl{{permission, "world", "anyone"}}; }

constexpr Permission kAllBut(Permission permission) {
  return static_cast<Permission>(static_cast<std::uint32_t>(Permission::all) &
                                 ~static_cast<std::uint32_t>(permission));
}

class AclContract : public ContractTest {
 protected:
  const World::Client owner_ = connect_as("user:password");
};

TEST_F(AclContract, CreatorMayDoEverything) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "secret", Acl::creator_all(), soon()));
  EXPECT_EQ(owner_->get(path, soon())->data, "secret");
  EXPECT_TRUE(owner_->get_and_watch(path, watcher(), soon()));
  EXPECT_TRUE(owner_->check(path, 0, soon()));
  EXPECT_TRUE(owner_->set(path, "", kAny, soon()));
  EXPECT_TRUE(owner_->enqueue({.directory = path, .acl = Acl::creator_all()}, soon())->queue);
  EXPECT_TRUE(owner_->create(path + "/a", "", Acl::creator_all(), soon()));
  EXPECT_TRUE(owner_->children(path, soon()));
  EXPECT_TRUE(owner_->remove(path + "/a", kAny, soon()));
}

TEST_F(AclContract, OthersMayDoNothing) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "secret", Acl::creator_all(), soon()));
  ASSERT_TRUE(owner_->create(path + "/a", "", Acl::open(), soon()));
  const auto stranger = connect_as("stranger:password");
  for (const auto& client : {client_, stranger}) {
    EXPECT_EQ(client->get(path, soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->get_and_watch(path, watcher(), soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->check(path, kAny, soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->set(path, "", kAny, soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->children(path, soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->create(path + "/b", "", Acl::open(), soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->enqueue({.directory = path}, soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_EQ(client->remove(path + "/a", kAny, soon()).error(), ZooKeeperErrc::no_auth);
    EXPECT_TRUE(client->get(path + "/a", soon())) << "what is below has an ACL of its own";
  }
  EXPECT_THAT(owner_->children(path, soon())->names, ElementsAre("a"));
  EXPECT_EQ(owner_->get(path, soon())->data, "secret");
}

TEST_F(AclContract, PermissionIsCheckedFirst) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "", Acl::creator_all(), soon()));
  ASSERT_TRUE(owner_->create(path + "/a", "", Acl::creator_all(), soon()));
  EXPECT_EQ(client_->set(path, "", 7, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->check(path, 7, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->remove(path + "/a", 7, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->create(path + "/a", "", Acl::open(), soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->remove(path + "/none", kAny, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->remove(path + "/none/a", kAny, soon()).error(), ZooKeeperErrc::no_node);
}

TEST_F(AclContract, DeletePermissionIsThatOfTheParent) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "", Acl::creator_all(), soon()));
  EXPECT_TRUE(client_->remove(path, kAny, soon())) << "from a directory that is open";

  const std::string closed = child("closed", anyone_may(kAllBut(Permission::remove)));
  ASSERT_TRUE(client_->create(closed + "/a", "", Acl::open(), soon()));
  EXPECT_EQ(client_->remove(closed + "/a", kAny, soon()).error(), ZooKeeperErrc::no_auth);
}

TEST_F(AclContract, SameIdentityInAnotherSessionMayDoTheSame) {
  const auto second = connect_as("user:password");
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "", Acl::creator_all(), soon()));
  EXPECT_TRUE(second->get(path, soon()));
  EXPECT_TRUE(second->set(path, "", kAny, soon()));
}

TEST_F(AclContract, IdentitiesOutliveTheConnection) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "", Acl::creator_all(), soon()));
  reconnect(owner_);
  EXPECT_TRUE(owner_->get(path, soon()));
}

TEST_F(AclContract, EveryIdentityOfTheCreatorCounts) {
  const auto both = connect({.auth = {{"digest", "user:password"}, {"digest", "second:password"}}});
  const auto second = connect_as("second:password");
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(both->create(path, "", Acl::creator_all(), soon()));
  EXPECT_TRUE(owner_->get(path, soon()));
  EXPECT_TRUE(second->get(path, soon()));
  EXPECT_FALSE(client_->get(path, soon()));
}

TEST_F(AclContract, IdentityMayBeNamed) {
  // Of "user:password", as ZooKeeper's DigestAuthenticationProvider makes it.
  const std::string digest = "user:tpUq/4Pn5A64fVZyQ0gOJ8ZWqkY=";
  const std::string path = child("a", Acl{{Permission::all, "digest", digest}});
  EXPECT_TRUE(owner_->get(path, soon()));
  EXPECT_EQ(client_->get(path, soon()).error(), ZooKeeperErrc::no_auth);
}

TEST_F(AclContract, AddressIsAnIdentity) {
  const std::string ours = child("ours", Acl{{Permission::all, "ip", "127.0.0.1"}});
  const std::string theirs = child("theirs", Acl{{Permission::all, "ip", "192.0.2.1"}});
  EXPECT_TRUE(client_->get(ours, soon()));
  EXPECT_EQ(client_->get(theirs, soon()).error(), ZooKeeperErrc::no_auth);
}

TEST_F(AclContract, EachPermissionIsIndependent) {
  const std::string read = child("read", anyone_may(Permission::read));
  EXPECT_TRUE(client_->get(read, soon()));
  EXPECT_TRUE(client_->children(read, soon()));
  EXPECT_TRUE(client_->check(read, kAny, soon()));
  EXPECT_EQ(client_->set(read, "", kAny, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->create(read + "/a", "", Acl::open(), soon()).error(), ZooKeeperErrc::no_auth);

  const std::string write = child("write", anyone_may(Permission::write));
  EXPECT_TRUE(client_->set(write, "", kAny, soon()));
  EXPECT_EQ(client_->get(write, soon()).error(), ZooKeeperErrc::no_auth);

  const std::string create = child("create", anyone_may(Permission::create));
  EXPECT_TRUE(client_->create(create + "/a", "", Acl::open(), soon()));
  EXPECT_EQ(client_->remove(create + "/a", kAny, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->children(create, soon()).error(), ZooKeeperErrc::no_auth);

  const std::string none = child("none", anyone_may(Permission::none));
  EXPECT_EQ(client_->get(none, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_TRUE(client_->remove(none, kAny, soon()));
}

TEST_F(AclContract, PermissionsOfSeveralEntriesAddUp) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(
      path, "", Acl{{Permission::all, "auth", ""}, {Permission::read, "world", "anyone"}}, soon()));
  EXPECT_TRUE(client_->get(path, soon()));
  EXPECT_EQ(client_->set(path, "", kAny, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_TRUE(owner_->set(path, "", kAny, soon()));
}

TEST_F(AclContract, InvalidAclIsRefused) {
  const std::vector<Acl> senseless = {
      Acl(std::vector<AclEntry>()),
      Acl{{Permission::all, "world", "somebody"}},
      Acl{{Permission::all, "digest", "no-colon"}},
      Acl{{Permission::all, "digest", "one:colon:too-many"}},
      Acl{{Permission::all, "no-such-scheme", "user"}},
      Acl{{Permission::all, "", ""}},
      Acl{{Permission::all, "ip", "no-address"}},
      Acl{{Permission::all, "world", "anyone"}, {Permission::all, "world", ""}},
  };
  for (const Acl& acl : senseless) {
    const std::string text = acl.entries().empty()
                                 ? "none"
                                 : acl.entries().back().scheme + " " + acl.entries().back().id;
    EXPECT_EQ(owner_->create(path_ + "/a", "", acl, soon()).error(), ZooKeeperErrc::invalid_acl)
        << text;
    EXPECT_EQ(owner_->enqueue({.directory = path_, .acl = acl}, soon()).error(),
              ZooKeeperErrc::invalid_acl)
        << text;
  }
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(AclContract, CreatorAclNeedsAnIdentity) {
  EXPECT_EQ(client_->create(path_ + "/a", "", Acl::creator_all(), soon()).error(),
            ZooKeeperErrc::invalid_acl);
  EXPECT_EQ(client_->enqueue({.directory = path_, .acl = Acl::creator_all()}, soon()).error(),
            ZooKeeperErrc::invalid_acl);
  EXPECT_EQ(
      client_
          ->create_protected_ephemeral_sequential(path_ + "/lock-", "", Acl::creator_all(), soon())
          .error(),
      ZooKeeperErrc::invalid_acl);
  const Acl partly{{Permission::all, "world", "anyone"}, {Permission::all, "auth", ""}};
  EXPECT_EQ(client_->create(path_ + "/a", "", partly, soon()).error(), ZooKeeperErrc::invalid_acl);
  EXPECT_THAT(names(), IsEmpty());
}

TEST_F(AclContract, AclIsCheckedBeforeTheParent) {
  EXPECT_EQ(client_->create(path_ + "/none/a", "", Acl::creator_all(), soon()).error(),
            ZooKeeperErrc::invalid_acl);
  EXPECT_EQ(client_->create(path_, "", Acl::creator_all(), soon()).error(),
            ZooKeeperErrc::invalid_acl);
  const std::string read = child("read", anyone_may(Permission::read));
  EXPECT_EQ(client_->create(read + "/a", "", Acl::creator_all(), soon()).error(),
            ZooKeeperErrc::invalid_acl);
}

TEST_F(AclContract, ChildrenOfAnEphemeralNodeAreRefusedAfterPermission) {
  const Result<Enqueued> enqueued =
      owner_->enqueue({.directory = path_, .acl = Acl::creator_all()}, soon());
  ASSERT_TRUE(enqueued);
  EXPECT_EQ(client_->create(enqueued->claim.path + "/a", "", Acl::open(), soon()).error(),
            ZooKeeperErrc::no_auth);
}

TEST_F(AclContract, ClaimsBelongToTheirCreator) {
  const Result<Enqueued> enqueued =
      owner_->enqueue({.directory = path_, .data = "secret", .acl = Acl::creator_all()}, soon());
  ASSERT_TRUE(enqueued);
  EXPECT_EQ(client_->get(enqueued->claim.path, soon()).error(), ZooKeeperErrc::no_auth);
  EXPECT_THAT(client_->children(path_, soon())->names, ::testing::SizeIs(1));
  EXPECT_TRUE(client_->remove(enqueued->claim.path, kAny, soon()));
}

TEST_F(AclContract, WatchWithoutPermissionIsNotSet) {
  const std::string path = path_ + "/owned";
  ASSERT_TRUE(owner_->create(path, "", Acl::creator_all(), soon()));
  const auto watching = watcher();
  ASSERT_FALSE(client_->get_and_watch(path, watching, soon()));
  client_->watch_in_background(path, watching);
  ASSERT_TRUE(client_->get(path_, soon()));  // the request before it has been refused by now
  ASSERT_TRUE(owner_->set(path, "", kAny, soon()));
  ASSERT_TRUE(owner_->remove(path, kAny, soon()));
  ASSERT_TRUE(client_->get(path_, soon()));  // events would have come before its answer
  EXPECT_THAT(watching->types(), IsEmpty());
}

}  // namespace
}  // namespace zklock::test
