// The client's operations over one wire: what is sent, what is answered, deadlines, watches.
#include "client_fixture.h"

namespace zklock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Type = WatchEvent::Type;

TEST_F(ClientTest, EachOperationSendsItsRequestAndReturnsItsAnswer) {
  const auto wire = connect();
  auto children = in_background([&] { return client_->children("/a", {}); });
  WireRequest request = wire->take(Op::children);
  EXPECT_EQ(request.path, "/a");
  request.answer(Children{.names = {"b"}});
  const Result<Children> listed = children.get();
  ASSERT_TRUE(listed);
  EXPECT_THAT(listed->names, ElementsAre("b"));
  EXPECT_EQ(listed->connection, 1U);

  auto created = in_background([&] { return client_->create("/a", "x", Acl::creator_all(), {}); });
  request = wire->take(Op::create);
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.data, "x");
  EXPECT_EQ(request.acl, Acl::creator_all());
  EXPECT_EQ(request.mode, internal::Wire::CreateMode::persistent);
  request.answer(Created{.path = "/a"});
  EXPECT_EQ(created.get()->path, "/a");

  auto container =
      in_background([&] { return client_->create_container("/b", "y", Acl::creator_all(), {}); });
  request = wire->take(Op::create);
  EXPECT_EQ(request.path, "/b");
  EXPECT_EQ(request.data, "y");
  EXPECT_EQ(request.acl, Acl::creator_all());
  EXPECT_EQ(request.mode, internal::Wire::CreateMode::container);
  request.answer(Created{.path = "/b"});
  EXPECT_EQ(container.get()->path, "/b");

  auto removed = in_background([&] { return client_->remove("/a", 7, {}); });
  request = wire->take(Op::remove);
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.version, 7);
  request.answer();
  EXPECT_TRUE(removed.get());

  auto got = in_background([&] { return client_->get("/a", {}); });
  request = wire->take(Op::get);
  EXPECT_FALSE(request.watch);
  request.answer(Znode{.data = "x"});
  const Result<Znode> znode = got.get();
  ASSERT_TRUE(znode);
  EXPECT_EQ(znode->data, "x");
  EXPECT_EQ(znode->connection, 1U);

  auto set = in_background([&] { return client_->set("/a", "y", 3, {}); });
  request = wire->take(Op::set);
  EXPECT_EQ(request.data, "y");
  EXPECT_EQ(request.version, 3);
  request.answer(Stat{.version = 4});
  EXPECT_EQ(set.get()->version, 4);

  auto checked = in_background([&] { return client_->check("/a", 5, {}); });
  request = wire->take(Op::check);
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.version, 5);
  request.answer();
  EXPECT_TRUE(checked.get());
}

TEST_F(ClientTest, ErrorsAreAnswers) {
  const auto wire = connect();
  auto got = in_background([&] { return client_->get("/a", {}); });
  wire->take(Op::get).fail(ZooKeeperErrc::no_auth);
  EXPECT_EQ(got.get().error(), ZooKeeperErrc::no_auth);
}

TEST_F(ClientTest, ABadPathOrValueIsNotSent) {
  const auto wire = connect();
  for (const std::string& path :
       {std::string(), std::string("a"), std::string("/a//b"), std::string("/a/"),
        std::string("/a/.."), std::string("/a\0b", 4), std::string("/\xff")}) {
    EXPECT_EQ(client_->get(path, {}).error(), ZooKeeperErrc::bad_arguments) << path;
    EXPECT_EQ(client_->children(path, {}).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->remove(path, 0, {}).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->check(path, 0, {}).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->set(path, "", 0, {}).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->create(path, "", Acl::open(), {}).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->get_and_watch(path, nullptr, {}).error(), ZooKeeperErrc::bad_arguments);
    EXPECT_EQ(client_->enqueue({path, "", Acl::open()}, {}).error(), ZooKeeperErrc::bad_arguments);
    client_->remove_in_background(path);
    client_->watch_in_background(path, std::make_shared<RecordingWatcher>());
  }
  EXPECT_EQ(client_->create_protected_ephemeral_sequential("lock-", "", Acl::open(), {}).error(),
            ZooKeeperErrc::bad_arguments);
  const std::string large(1'000'001, 'x');
  EXPECT_EQ(client_->set("/a", large, 0, {}).error(), ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(client_->create("/a", large, Acl::open(), {}).error(), ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(client_->create("/a", "", Acl{}, {}).error(), ZooKeeperErrc::invalid_acl);
  EXPECT_EQ(client_->pending_removals().count, 0U);
  EXPECT_FALSE(wire->has_requests());
}

TEST_F(ClientTest, WaitsForAConnection) {
  auto got = in_background([&] { return client_->get("/a", {}); });
  begin_to_connect()->take(Op::get).answer(Znode{});
  EXPECT_TRUE(got.get());
}

TEST_F(ClientTest, EndsWithTheDeadlineWithoutAConnection) {
  auto got = in_background([&] { return client_->get("/a", Context().with_timeout(3s)); });
  time_.advance(3s);
  EXPECT_EQ(got.get().error(), ZooKeeperErrc::operation_timeout);
}

TEST_F(ClientTest, EndsWithTheDeadlineWithoutAnAnswer) {
  const auto wire = connect();
  auto got = in_background([&] { return client_->get("/a", Context().with_timeout(3s)); });
  const WireRequest request = wire->take(Op::get);
  time_.advance(3s);
  EXPECT_EQ(got.get().error(), ZooKeeperErrc::operation_timeout);
  request.answer(Znode{});  // nobody waits for it
}

TEST_F(ClientTest, EndsWhenItIsCancelled) {
  const auto wire = connect();
  std::stop_source stop;
  auto got = in_background(
      [&] { return client_->get("/a", Context().with_stop_token(stop.get_token())); });
  const WireRequest request = wire->take(Op::get);
  stop.request_stop();
  EXPECT_EQ(got.get().error(), ZooKeeperErrc::canceled);
  request.fail(ZooKeeperErrc::connection_loss);
}

// Watches.

TEST_F(ClientTest, AWatchIsSetOnceForAllWatchers) {
  const auto wire = connect();
  const auto one = std::make_shared<RecordingWatcher>();
  const auto two = std::make_shared<RecordingWatcher>();
  for (const auto& watcher : {one, two}) {
    auto got = in_background([&] { return client_->get_and_watch("/a", watcher, {}); });
    const WireRequest request = wire->take(Op::get);
    EXPECT_EQ(request.watch, watcher == one);
    request.answer(Znode{});
    EXPECT_EQ(got.get()->connection, 1U);
  }
  client_->watch_in_background("/a", two);  // nothing has to be sent for it
  EXPECT_FALSE(wire->has_requests());
  wire->listener->on_watch(Type::deleted, "/a");
  EXPECT_THAT(one->types(), ElementsAre(Type::deleted));
  EXPECT_THAT(two->types(), ElementsAre(Type::deleted));
  EXPECT_EQ(one->last().connection, 1U);
  EXPECT_EQ(one->last().path, "/a");
  client_->watch_in_background("/a", two);  // it is through: set it again
  EXPECT_TRUE(wire->take(Op::get).watch);
}

TEST_F(ClientTest, AFailedReadSetsNoWatch) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  for (int i = 0; i < 2; ++i) {
    auto got = in_background([&] { return client_->get_and_watch("/a", watcher, {}); });
    const WireRequest request = wire->take(Op::get);
    EXPECT_TRUE(request.watch);
    request.fail(ZooKeeperErrc::no_node);
    EXPECT_EQ(got.get().error(), ZooKeeperErrc::no_node);
  }
  wire->listener->on_watch(Type::created, "/a");
  EXPECT_THAT(watcher->types(), IsEmpty());
}

TEST_F(ClientTest, AnEventMayComeBeforeTheAnswer) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  auto got = in_background([&] { return client_->get_and_watch("/a", watcher, {}); });
  const WireRequest request = wire->take(Op::get);
  wire->listener->on_watch(Type::deleted, "/a");
  request.answer(Znode{});
  EXPECT_TRUE(got.get());
  EXPECT_THAT(watcher->types(), ElementsAre(Type::deleted));
  client_->watch_in_background("/a", watcher);  // no watch stands any more
  EXPECT_TRUE(wire->take(Op::get).watch);
}

TEST_F(ClientTest, AWatchInTheBackgroundReportsAMissingZnodeAsDeleted) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  wire->take(Op::get).fail(ZooKeeperErrc::no_node);
  EXPECT_THAT(watcher->types(), ElementsAre(Type::deleted));
  EXPECT_EQ(watcher->last().connection, 1U);
}

TEST_F(ClientTest, AnUnansweredWatchInTheBackgroundReportsTheReconnect) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  const WireRequest request = wire->take(Op::get);
  wire->listener->on_disconnected();
  request.fail(ZooKeeperErrc::connection_loss);
  EXPECT_THAT(watcher->types(), IsEmpty());
  wire->connect(kSession);
  EXPECT_THAT(watcher->types(), ElementsAre(Type::reconnected));
  EXPECT_EQ(watcher->last().connection, 2U);
}

TEST_F(ClientTest, AWatchInTheBackgroundWithoutAConnectionReportsTheReconnect) {
  const auto wire = connect();
  wire->listener->on_disconnected();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  EXPECT_FALSE(wire->has_requests());
  wire->connect(kSession);
  EXPECT_THAT(watcher->types(), ElementsAre(Type::reconnected));
}

TEST_F(ClientTest, ARefusedWatchInTheBackgroundIsDropped) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  wire->take(Op::get).fail(ZooKeeperErrc::no_auth);
  reconnect(*wire);
  EXPECT_THAT(watcher->types(), IsEmpty());
}

TEST_F(ClientTest, AnswersCarryTheirConnectionsNumber) {
  const auto wire = connect();
  auto got = in_background([&] { return client_->get("/a", {}); });
  const WireRequest request = wire->take(Op::get);
  reconnect(*wire);
  request.answer(Znode{});
  EXPECT_EQ(got.get()->connection, 2U);
}

TEST_F(ClientTest, ATimedOutReadDropsItsWatcher) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  const WireRequest request = read_in_vain(*wire, watcher);
  request.answer(Znode{});
  wire->listener->on_watch(Type::deleted, "/a");
  EXPECT_THAT(watcher->types(), IsEmpty());
}

TEST_F(ClientTest, ALateErrorKeepsALaterWatch) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  const WireRequest first = read_in_vain(*wire, watcher);
  auto again = in_background([&] { return client_->get_and_watch("/a", watcher, {}); });
  const WireRequest second = wire->take(Op::get);
  first.fail(ZooKeeperErrc::throttled);
  second.answer(Znode{});
  ASSERT_TRUE(again.get());
  wire->listener->on_watch(Type::deleted, "/a");
  EXPECT_THAT(watcher->types(), ElementsAre(Type::deleted));
}

TEST_F(ClientTest, WatchesSurviveAReconnect) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  wire->take(Op::get).answer(Znode{});
  reconnect(*wire);
  wire->listener->on_watch(Type::deleted, "/a");
  EXPECT_THAT(watcher->types(), ElementsAre(Type::reconnected, Type::deleted));
  EXPECT_EQ(watcher->last().connection, 2U);
}

TEST_F(ClientTest, AnotherWireStartsWithoutWatches) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  wire->take(Op::get).answer(Znode{});
  wire->listener->on_disconnected();
  ensemble_.move_servers();
  time_.advance(2s);
  const auto next = connect();
  ASSERT_TRUE(watcher->await(1));
  EXPECT_THAT(watcher->types(), ElementsAre(Type::reconnected));
  client_->watch_in_background("/a", watcher);
  EXPECT_TRUE(next->take(Op::get).watch);
}

TEST_F(ClientTest, WatchesEndWithTheSession) {
  const auto wire = connect();
  const auto watcher = std::make_shared<RecordingWatcher>();
  client_->watch_in_background("/a", watcher);
  wire->take(Op::get).answer(Znode{});
  const auto session = client_->session();
  wire->listener->on_expired();
  EXPECT_THAT(watcher->types(), ElementsAre(Type::session_lost));
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(session->loss_reason(), LossReason::session_expired);
  const auto next = connect(kSession + 1);
  EXPECT_EQ(client_->session()->id(), kSession + 1);
  client_->watch_in_background("/a", watcher);
  EXPECT_TRUE(next->take(Op::get).watch);
}

// Ending.

TEST_F(ClientTest, CloseWaitsForPendingRemovals) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  const WireRequest request = wire->take(Op::remove);
  EXPECT_EQ(client_->pending_removals().count, 1U);
  auto closed = in_background([&] { return client_->close({}); });
  EXPECT_FALSE(closed.is_done());
  EXPECT_FALSE(wire->is_closed());
  request.answer();
  EXPECT_TRUE(closed.get());
  EXPECT_TRUE(wire->is_closed());
  EXPECT_EQ(client_->get("/a", {}).error(), ZooKeeperErrc::closing);
  EXPECT_TRUE(client_->close({}));  // again
}

TEST_F(ClientTest, CloseReportsPendingRemovalsAndStillCloses) {
  const auto wire = connect();
  client_->remove_in_background("/a");
  const WireRequest request = wire->take(Op::remove);
  EXPECT_EQ(client_->close(Context().with_timeout(0s)).error(), ZooKeeperErrc::operation_timeout);
  EXPECT_TRUE(wire->await_closed());
  EXPECT_EQ(client_->pending_removals().count, 0U);
  request.fail(ZooKeeperErrc::closing);
}

TEST_F(ClientTest, CloseReportsTheLossOfTheSession) {
  const auto wire = connect();
  const auto session = client_->session();
  EXPECT_TRUE(client_->close({}));
  EXPECT_TRUE(session->lost().stop_requested());
  EXPECT_EQ(session->loss_reason(), LossReason::client_closed);
  EXPECT_EQ(client_->session(), nullptr);
}

TEST_F(ClientTest, CloseEndsCallsThatWaitForAConnection) {
  static_cast<void>(ensemble_.next_wire());
  auto got = in_background([&] { return client_->get("/a", {}); });
  EXPECT_TRUE(client_->close({}));
  EXPECT_EQ(got.get().error(), ZooKeeperErrc::closing);
}

TEST_F(ClientTest, CloseEndsCallsThatWaitForAnAnswer) {
  const auto wire = connect();
  auto got = in_background([&] { return client_->get("/a", {}); });
  time_.settle();
  EXPECT_TRUE(wire->has_requests());
  EXPECT_TRUE(client_->close({}));
  EXPECT_EQ(got.get().error(), ZooKeeperErrc::connection_loss);
}

TEST_F(ClientTest, DestroyingTheClientClosesTheWireInTheBackground) {
  const auto wire = connect();
  const auto session = client_->session();
  client_.reset();
  EXPECT_TRUE(wire->await_closed());
  EXPECT_TRUE(session->lost().stop_requested());
}

}  // namespace
}  // namespace zklock
