// Creates that are neither done twice nor orphaned, whatever happens to their answers.
#include <algorithm>

#include "client_fixture.h"

namespace zklock {
namespace {

using ::testing::ElementsAre;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class ProtectedCreateTest : public ClientTest {
 protected:
  /// A create that is under way, and its request.
  struct Attempt {
    zklock::testing::BackgroundCall<Result<Created>> result;
    WireRequest request;
  };

  Attempt begin(ScriptedWire& wire, const Context& context = {}) {
    auto result = in_background([this, context] {
      return client_->create_protected_ephemeral_sequential("/locks/lock-", "x", Acl::open(),
                                                            context);
    });
    return {std::move(result), wire.take(Op::create)};
  }

  /// Name without the directory.
  static std::string name_of(const WireRequest& request) {
    return request.path.substr(request.path.rfind('/') + 1);
  }
  static Created created(const WireRequest& request) {
    return Created{.path = request.path + "0000000007",
                   .stat = {.czxid = 70, .ephemeral_owner = kSession}};
  }
  /// Answers the look for what became of a create: these are the children.
  static void answer_look(ScriptedWire& wire, std::vector<std::string> names) {
    const WireRequest barrier = wire.take(Op::check);
    EXPECT_EQ(barrier.path, "/locks");
    EXPECT_EQ(barrier.version, ZooKeeperClient::kAnyVersion);
    const WireRequest list = wire.take(Op::children);
    EXPECT_EQ(list.path, "/locks");
    barrier.answer();
    list.answer(Children{.names = std::move(names)});
  }
};

TEST_F(ProtectedCreateTest, PutsARandomIdInFrontOfTheName) {
  const auto wire = connect();
  Attempt one = begin(*wire);
  EXPECT_THAT(one.request.path, MatchesRegex("/locks/_c_[0-9a-f]+-lock-"));
  EXPECT_EQ(one.request.path.size(), std::string("/locks/_c_-lock-").size() + 32);
  EXPECT_EQ(one.request.mode, internal::Wire::CreateMode::ephemeral_sequential);
  EXPECT_EQ(one.request.data, "x");
  one.request.answer(created(one.request));
  const Result<Created> result = one.result.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->path, one.request.path + "0000000007");
  EXPECT_FALSE(wire->has_requests());

  Attempt two = begin(*wire);
  EXPECT_NE(two.request.path, one.request.path);
  two.request.answer(created(two.request));
}

TEST_F(ProtectedCreateTest, FinalErrorsAreAnswers) {
  const auto wire = connect();
  for (const ZooKeeperErrc error :
       {ZooKeeperErrc::no_node, ZooKeeperErrc::no_auth, ZooKeeperErrc::invalid_acl}) {
    Attempt attempt = begin(*wire);
    attempt.request.fail(error);
    EXPECT_EQ(attempt.result.get().error(), error);
  }
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(wire->has_requests());
}

TEST_F(ProtectedCreateTest, EnqueueSendsTheListWithTheCreate) {
  const auto wire = connect();
  auto enqueued = in_background([&] { return client_->enqueue({"/locks", "x", Acl::open()}, {}); });
  const WireRequest create = wire->take(Op::create);
  const WireRequest list = wire->take(Op::children);  // before the create is answered
  EXPECT_EQ(list.path, "/locks");
  create.answer(created(create));
  list.answer(Children{.names = {"a"}});
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->claim.path, create.path + "0000000007");
  ASSERT_TRUE(result->queue);
  EXPECT_THAT(result->queue->names, ElementsAre("a"));
  EXPECT_EQ(result->queue->connection, 1U);
}

TEST_F(ProtectedCreateTest, EnqueueReturnsTheClaimWhenTheListFails) {
  const auto wire = connect();
  auto enqueued = in_background([&] { return client_->enqueue({"/locks", "x", Acl::open()}, {}); });
  const WireRequest create = wire->take(Op::create);
  create.answer(created(create));
  wire->take(Op::children).fail(ZooKeeperErrc::connection_loss);
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->queue.error(), ZooKeeperErrc::connection_loss);
}

TEST_F(ProtectedCreateTest, AClaimWhoseAnswerWasLostIsFoundAgain) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  wire->listener->on_disconnected();
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  wire->connect(kSession);
  const std::string name = name_of(attempt.request) + "0000000007";
  answer_look(*wire, {"lock-0000000001", name});
  const WireRequest read = wire->take(Op::get);
  EXPECT_EQ(read.path, "/locks/" + name);
  Znode znode = node_of(kSession);
  znode.stat.czxid = 70;
  read.answer(znode);
  const Result<Created> result = attempt.result.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->path, "/locks/" + name);
  EXPECT_EQ(result->stat.czxid, 70);
}

TEST_F(ProtectedCreateTest, ARecoveredEnqueueReturnsTheListThatShowsTheClaim) {
  const auto wire = connect();
  auto enqueued = in_background([&] { return client_->enqueue({"/locks", "x", Acl::open()}, {}); });
  const WireRequest create = wire->take(Op::create);
  const WireRequest list = wire->take(Op::children);
  create.fail(ZooKeeperErrc::connection_loss);
  list.fail(ZooKeeperErrc::connection_loss);
  reconnect(*wire);
  const std::string name = name_of(create) + "0000000007";
  answer_look(*wire, {name});
  wire->take(Op::get).answer(node_of(kSession));
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  ASSERT_TRUE(result->queue);
  EXPECT_THAT(result->queue->names, ElementsAre(name));
}

TEST_F(ProtectedCreateTest, AClaimThatWasNotCreatedIsCreatedAgainWithANewId) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  answer_look(*wire, {"lock-0000000001"});
  const WireRequest again = wire->take(Op::create);
  EXPECT_NE(again.path, attempt.request.path);
  again.answer(created(again));
  EXPECT_EQ(attempt.result.get()->path, again.path + "0000000007");
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(ProtectedCreateTest, AbsenceNeedsAWriteBeforeTheList) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  const WireRequest barrier = wire->take(Op::check);
  const WireRequest list = wire->take(Op::children);
  barrier.fail(ZooKeeperErrc::connection_loss);
  list.answer(Children{});  // of a server that has not heard of it yet, perhaps
  const std::string name = name_of(attempt.request) + "0000000007";
  answer_look(*wire, {name});
  wire->take(Op::get).answer(node_of(kSession));
  EXPECT_EQ(attempt.result.get()->path, "/locks/" + name);
}

TEST_F(ProtectedCreateTest, ARefusedCheckStillCountsAsAWrite) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  attempt.request.fail(ZooKeeperErrc::operation_timeout);
  const WireRequest barrier = wire->take(Op::check);
  const WireRequest list = wire->take(Op::children);
  barrier.fail(ZooKeeperErrc::no_node);
  list.fail(ZooKeeperErrc::no_node);  // the directory is gone: nothing was created
  wire->take(Op::create).fail(ZooKeeperErrc::no_node);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::no_node);
}

TEST_F(ProtectedCreateTest, AClaimThatIsGoneWhenItIsReadIsCreatedAgain) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  answer_look(*wire, {name_of(attempt.request) + "0000000007"});
  wire->take(Op::get).fail(ZooKeeperErrc::no_node);
  const WireRequest again = wire->take(Op::create);
  again.answer(created(again));
  EXPECT_TRUE(attempt.result.get());
}

TEST_F(ProtectedCreateTest, TheZnodeOfAnotherSessionIsNotAdopted) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  answer_look(*wire, {name_of(attempt.request) + "0000000007"});
  wire->take(Op::get).answer(node_of(kSession - 1));
  const WireRequest again = wire->take(Op::create);
  EXPECT_THAT(again.path, Not(StartsWith(attempt.request.path)));
  again.answer(created(again));
  EXPECT_EQ(attempt.result.get()->path, again.path + "0000000007");
}

TEST_F(ProtectedCreateTest, ANewSessionStartsAgainWithANewId) {
  const auto wire = connect();
  Attempt attempt = begin(*wire);
  wire->listener->on_disconnected();
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  wire->listener->on_expired();
  const auto next = ensemble_.next_wire();
  EXPECT_FALSE(next->resumed);
  next->connect(kSession + 1);
  const WireRequest again = next->take(Op::create);  // without a look: the session took it along
  EXPECT_NE(again.path, attempt.request.path);
  again.answer(created(again));
  ASSERT_TRUE(attempt.result.get());
  EXPECT_EQ(client_->session()->id(), kSession + 1);
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(ProtectedCreateTest, AClaimCreatedAfterTheDeadlineIsRemoved) {
  const auto wire = connect();
  Attempt attempt = begin(*wire, Context().with_timeout(3s));
  time_.advance(3s);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::operation_timeout);
  EXPECT_FALSE(wire->has_requests());  // its attempt has not ended
  attempt.request.answer(created(attempt.request));
  const WireRequest removal = wire->take(Op::remove);
  EXPECT_EQ(removal.path, attempt.request.path + "0000000007");
  EXPECT_EQ(client_->pending_removals().count, 1U);
  removal.answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(ProtectedCreateTest, AClaimCreatedAfterCancellationIsRemoved) {
  const auto wire = connect();
  std::stop_source stop;
  Attempt attempt = begin(*wire, Context().with_stop_token(stop.get_token()));
  stop.request_stop();
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::canceled);
  attempt.request.answer(created(attempt.request));
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(ProtectedCreateTest, ARefusalAfterTheDeadlineLeavesNothingToRemove) {
  const auto wire = connect();
  Attempt attempt = begin(*wire, Context().with_timeout(3s));
  time_.advance(3s);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::operation_timeout);
  attempt.request.fail(ZooKeeperErrc::no_auth);
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(wire->has_requests());
}

TEST_F(ProtectedCreateTest, AClaimOfUnknownOutcomeIsRemovedByItsIdAfterTheReconnect) {
  const auto wire = connect();
  Attempt attempt = begin(*wire, Context().with_timeout(3s));
  time_.advance(3s);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::operation_timeout);
  wire->listener->on_disconnected();
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  EXPECT_EQ(client_->pending_removals().count, 1U);
  EXPECT_FALSE(wire->has_requests());
  wire->connect(kSession);
  const std::string name = name_of(attempt.request) + "0000000007";
  answer_look(*wire, {"lock-0000000001", name});
  const WireRequest removal = wire->take(Op::remove);
  EXPECT_EQ(removal.path, "/locks/" + name);
  removal.answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(ProtectedCreateTest, TheRemovalAlsoNeedsAWriteBeforeTheList) {
  const auto wire = connect();
  Attempt attempt = begin(*wire, Context().with_timeout(3s));
  time_.advance(3s);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::operation_timeout);
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  const WireRequest barrier = wire->take(Op::check);
  const WireRequest list = wire->take(Op::children);
  barrier.fail(ZooKeeperErrc::connection_loss);
  list.answer(Children{});
  EXPECT_EQ(client_->pending_removals().count, 1U);
  reconnect(*wire);
  answer_look(*wire, {name_of(attempt.request) + "0000000007"});
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
}

TEST_F(ProtectedCreateTest, ADeadlineWithoutAConnectionLeavesAPendingRemoval) {
  const auto wire = connect();
  Attempt attempt = begin(*wire, Context().with_timeout(3s));
  wire->listener->on_disconnected();
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  time_.advance(3s);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::operation_timeout);
  EXPECT_EQ(client_->pending_removals().count, 1U);
  wire->connect(kSession);
  answer_look(*wire, {});
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(wire->has_requests());
}

TEST_F(ProtectedCreateTest, ADeadlineDuringTheLookUpLeavesAPendingRemoval) {
  const auto wire = connect();
  Attempt attempt = begin(*wire, Context().with_timeout(3s));
  attempt.request.fail(ZooKeeperErrc::connection_loss);
  const WireRequest barrier = wire->take(Op::check);
  const WireRequest list = wire->take(Op::children);
  time_.advance(3s);
  EXPECT_EQ(attempt.result.get().error(), ZooKeeperErrc::operation_timeout);
  const std::string name = name_of(attempt.request) + "0000000007";
  answer_look(*wire, {name});  // the list of removals looks itself
  wire->take(Op::remove).answer();
  EXPECT_EQ(client_->pending_removals().count, 0U);
  barrier.answer();
  list.answer(Children{});
}

}  // namespace
}  // namespace zklock
