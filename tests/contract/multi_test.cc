// Transactions of several operations.
#include <zklock/multi.h>
#include <zklock/zookeeper_client.h>

#include <string>
#include <vector>

#include "contract/contract.h"

namespace zklock::test {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using MultiType = MultiOperation::Type;

MultiOperation check_of(const std::string& path, std::int32_t version = kAny) {
  return {.type = MultiType::check, .path = path, .version = version};
}
MultiOperation create_of(const std::string& path, const std::string& data = {},
                         const Acl& acl = Acl::open()) {
  return {.type = MultiType::create, .path = path, .data = data, .acl = acl};
}
MultiOperation set_of(const std::string& path, const std::string& data,
                      std::int32_t version = kAny) {
  return {.type = MultiType::set, .path = path, .data = data, .version = version};
}
MultiOperation remove_of(const std::string& path, std::int32_t version = kAny) {
  return {.type = MultiType::remove, .path = path, .version = version};
}

class MultiContract : public ContractTest {
 protected:
  [[nodiscard]] MultiResult multi(const std::vector<MultiOperation>& operations) {
    return client_->multi(operations, soon());
  }
  /// Expects that this operation is refused so.
  void expect_refusal(const std::vector<MultiOperation>& operations, std::error_code error,
                      std::size_t refused) {
    const MultiResult result = multi(operations);
    EXPECT_EQ(result.error, error) << result.error.message();
    EXPECT_EQ(result.refused, refused);
  }
};

TEST_F(MultiContract, CarriesOutAllInOneTransaction) {
  const std::string old = child("old");
  const MultiResult result = multi(
      {check_of(path_), create_of(path_ + "/new", "n"), set_of(path_, "s", 0), remove_of(old, 0)});
  ASSERT_FALSE(result.error) << result.error.message();
  EXPECT_TRUE(result.is_sent);
  EXPECT_THAT(names(), UnorderedElementsAre("new"));
  const Result<Znode> made = other_->get(path_ + "/new", soon());
  ASSERT_TRUE(made);
  EXPECT_EQ(made->data, "n");
  EXPECT_EQ(made->stat.ephemeral_owner, 0);
  const Result<Znode> set = other_->get(path_, soon());
  ASSERT_TRUE(set);
  EXPECT_EQ(set->data, "s");
  EXPECT_EQ(set->stat.version, 1);
  EXPECT_EQ(set->stat.mzxid, made->stat.czxid);
  EXPECT_EQ(set->stat.pzxid, made->stat.czxid);
  EXPECT_EQ(result.connection, client_->get(path_, soon())->connection);
}

TEST_F(MultiContract, CarriesOutNothingIfOneIsRefusedAndSaysWhich) {
  const std::string none = path_ + "/none";
  const MultiOperation before = create_of(path_ + "/new");
  const MultiOperation after = set_of(path_, "s");
  expect_refusal({before, set_of(none, ""), after}, ZooKeeperErrc::no_node, 1);
  expect_refusal({check_of(none), before, after}, ZooKeeperErrc::no_node, 0);
  expect_refusal({before, after, check_of(path_, 7)}, ZooKeeperErrc::bad_version, 2);
  expect_refusal({before, set_of(path_, "", 7), after}, ZooKeeperErrc::bad_version, 1);
  expect_refusal({before, after, create_of(path_)}, ZooKeeperErrc::node_exists, 2);
  expect_refusal({before, create_of(none + "/below"), after}, ZooKeeperErrc::no_node, 1);
  expect_refusal({before, remove_of(none), after}, ZooKeeperErrc::no_node, 1);
  expect_refusal({before, remove_of(path_), after}, ZooKeeperErrc::not_empty, 1);
  EXPECT_THAT(names(), IsEmpty());
  EXPECT_EQ(stat(path_).version, 0);
  EXPECT_EQ(stat(path_).cversion, 0);
}

TEST_F(MultiContract, EachOperationSeesTheEarlierOnes) {
  const std::string path = path_ + "/a";
  ASSERT_FALSE(multi({create_of(path, "1"), create_of(path + "/b"), set_of(path, "2", 0),
                      check_of(path, 1), remove_of(path + "/b")})
                   .error);
  EXPECT_EQ(other_->get(path, soon())->data, "2");
  expect_refusal({remove_of(path), set_of(path, "3")}, ZooKeeperErrc::no_node, 1);
  ASSERT_FALSE(multi({remove_of(path), create_of(path, "anew")}).error);
  EXPECT_EQ(other_->get(path, soon())->data, "anew");
  EXPECT_EQ(stat(path).version, 0);
}

TEST_F(MultiContract, FiresWatchesOfEachZnode) {
  const std::string gone = child("gone");
  const auto watches_set = watcher();
  const auto watches_gone = watcher();
  ASSERT_TRUE(other_->get_and_watch(path_, watches_set, soon()));
  ASSERT_TRUE(other_->get_and_watch(gone, watches_gone, soon()));
  ASSERT_FALSE(multi({set_of(path_, "s"), remove_of(gone)}).error);
  EXPECT_TRUE(await([&] { return watches_set->last().type == Type::changed; }));
  EXPECT_TRUE(await([&] { return watches_gone->last().type == Type::deleted; }));
}

TEST_F(MultiContract, AppliesAcls) {
  const World::Client owner = connect_as("user:password");
  const std::string path = path_ + "/owned";
  ASSERT_FALSE(owner->multi({create_of(path, "secret", Acl::creator_all())}, soon()).error);
  EXPECT_EQ(client_->get(path, soon()).error(), ZooKeeperErrc::no_auth);
  expect_refusal({set_of(path_, ""), check_of(path)}, ZooKeeperErrc::no_auth, 1);
  expect_refusal({set_of(path_, ""), set_of(path, "")}, ZooKeeperErrc::no_auth, 1);
  EXPECT_FALSE(owner->multi({check_of(path), set_of(path, "")}, soon()).error);
}

TEST_F(MultiContract, IsNotSentIfItCannotBe) {
  const auto refused = [&](const std::vector<MultiOperation>& operations, std::size_t operation,
                           ZooKeeperErrc error = ZooKeeperErrc::bad_arguments) {
    const MultiResult result = multi(operations);
    EXPECT_EQ(result.error, error);
    EXPECT_EQ(result.refused, operation);
    EXPECT_FALSE(result.is_sent);
  };
  refused({}, 0);
  for (const char* path : {"", "relative", "/a//b", "/a/", "/a/./b", "/a\x01"}) {
    refused({check_of(path_), set_of(path, "")}, 1);
    refused({check_of(path_), create_of(path)}, 1);
    refused({remove_of(path)}, 0);
  }
  refused({check_of(path_), set_of(path_, std::string(1'000'000, 'x'))}, 1);
  refused({set_of(path_, std::string(600'000, 'x')), set_of(path_, std::string(600'000, 'x'))}, 1);
  refused({create_of(path_ + "/a", "", Acl(std::vector<AclEntry>()))}, 0,
          ZooKeeperErrc::invalid_acl);
  EXPECT_EQ(stat(path_).version, 0);
}

TEST_F(MultiContract, MayBeAsLargeAsARequest) {
  ASSERT_FALSE(multi({create_of(path_ + "/a", std::string(500'000, 'a')),
                      create_of(path_ + "/b", std::string(499'000, 'b'))})
                   .error);
  EXPECT_EQ(stat(path_ + "/b").data_length, 499'000);
}

TEST_F(MultiContract, ALostAnswerIsAConnectionLossThatWasSent) {
  auto lost = lose_answer(
      client_,
      [&] {
        return multi({check_of(path_), set_of(path_, "new", 0)});
      },
      [&] { return stat(path_).version == 1; });
  const MultiResult result = lost.get();
  EXPECT_EQ(result.error, ZooKeeperErrc::connection_loss);
  EXPECT_TRUE(result.is_sent);
  EXPECT_EQ(client_->get(path_, soon())->data, "new");
}

TEST_F(MultiContract, WithoutAConnectionItIsNotSent) {
  cut(client_);
  const MultiResult result = client_->multi({set_of(path_, "new")}, briefly());
  EXPECT_EQ(result.error, ZooKeeperErrc::operation_timeout);
  EXPECT_FALSE(result.is_sent);
  world_->restore(client_);
  EXPECT_EQ(client_->get(path_, soon())->data, "data");
}

}  // namespace
}  // namespace zklock::test
