// Watches of lists of children, over one wire.
#include "client_fixture.h"

namespace zklock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Type = WatchEvent::Type;

class ChildrenWatchTest : public ClientTest {
 protected:
  /// Lists "/a", and returns whether that request was to set the watch.
  bool list(ScriptedWire& wire, const std::shared_ptr<Watcher>& watcher) {
    auto listed = in_background([&] { return client_->children_and_watch("/a", watcher, {}); });
    const WireRequest request = wire.take(Op::children);
    EXPECT_EQ(request.path, "/a");
    request.answer(Children{.names = {"b"}});
    const Result<Children> children = listed.get();
    EXPECT_TRUE(children && children->names == std::vector<std::string>{"b"});
    return request.watch;
  }
  bool read(ScriptedWire& wire, const std::shared_ptr<Watcher>& watcher) {
    auto got = in_background([&] { return client_->get_and_watch("/a", watcher, {}); });
    const WireRequest request = wire.take(Op::get);
    request.answer(Znode{});
    EXPECT_TRUE(got.get());
    return request.watch;
  }

  const std::shared_ptr<RecordingWatcher> watcher_ = std::make_shared<RecordingWatcher>();
  const std::shared_ptr<RecordingWatcher> of_data_ = std::make_shared<RecordingWatcher>();
};

TEST_F(ChildrenWatchTest, AListIsWatchedOnceUntilItsEvent) {
  const auto wire = connect();
  EXPECT_TRUE(list(*wire, watcher_));
  EXPECT_FALSE(list(*wire, watcher_));
  wire->listener->on_watch(Type::children_changed, "/a");
  EXPECT_TRUE(watcher_->await(Type::children_changed, 10s));
  EXPECT_TRUE(list(*wire, watcher_));
}

TEST_F(ChildrenWatchTest, TheDataHasAWatchOfItsOwn) {
  const auto wire = connect();
  EXPECT_TRUE(list(*wire, watcher_));
  EXPECT_TRUE(read(*wire, of_data_));
  wire->listener->on_watch(Type::children_changed, "/a");
  EXPECT_TRUE(watcher_->await(Type::children_changed, 10s));
  EXPECT_THAT(of_data_->types(), IsEmpty());
  EXPECT_TRUE(list(*wire, watcher_));
  wire->listener->on_watch(Type::changed, "/a");
  EXPECT_TRUE(of_data_->await(Type::changed, 10s));
  EXPECT_THAT(watcher_->types(), ElementsAre(Type::children_changed));
}

TEST_F(ChildrenWatchTest, ADeletionEndsBoth) {
  const auto wire = connect();
  EXPECT_TRUE(list(*wire, watcher_));
  EXPECT_TRUE(read(*wire, of_data_));
  wire->listener->on_watch(Type::deleted, "/a");
  EXPECT_TRUE(watcher_->await(Type::deleted, 10s));
  EXPECT_TRUE(of_data_->await(Type::deleted, 10s));
  EXPECT_TRUE(list(*wire, watcher_));
  EXPECT_TRUE(read(*wire, of_data_));
}

TEST_F(ChildrenWatchTest, AReconnectKeepsItAndAnotherSessionDoesNot) {
  const auto wire = connect();
  EXPECT_TRUE(list(*wire, watcher_));
  reconnect(*wire);
  EXPECT_TRUE(watcher_->await(Type::reconnected, 10s));
  EXPECT_FALSE(list(*wire, watcher_));
  wire->listener->on_expired();
  EXPECT_TRUE(watcher_->await(Type::session_lost, 10s));
  const auto next = connect(kSession + 1);
  EXPECT_TRUE(list(*next, watcher_));
}

TEST_F(ChildrenWatchTest, AWatcherOfACallThatFailedHearsNothing) {
  const auto wire = connect();
  auto listed = in_background([&] { return client_->children_and_watch("/a", watcher_, {}); });
  wire->take(Op::children).fail(ZooKeeperErrc::no_node);
  EXPECT_EQ(listed.get().error(), ZooKeeperErrc::no_node);
  const auto other = std::make_shared<RecordingWatcher>();
  EXPECT_TRUE(list(*wire, other));
  wire->listener->on_watch(Type::children_changed, "/a");
  EXPECT_TRUE(other->await(Type::children_changed, 10s));
  EXPECT_THAT(watcher_->types(), IsEmpty());
}

TEST_F(ChildrenWatchTest, ABadPathIsNotSent) {
  const auto wire = connect();
  EXPECT_EQ(client_->children_and_watch("a", watcher_, {}).error(), ZooKeeperErrc::bad_arguments);
  EXPECT_EQ(client_->create_container("a", "", Acl::open(), {}).error(),
            ZooKeeperErrc::bad_arguments);
  EXPECT_FALSE(wire->has_requests());
}

TEST_F(ChildrenWatchTest, CountsForTheCapacityOfTheSession) {
  const auto wire = connect();
  const auto watch = [&](int number) {
    const std::string path = "/" + std::to_string(number) + std::string(7'000, 'x');
    auto listed = in_background([&] { return client_->children_and_watch(path, watcher_, {}); });
    wire->take(Op::children).answer(Children{});
    EXPECT_TRUE(listed.get());
  };
  for (int number = 0; number < 99; ++number) watch(number);
  EXPECT_EQ(client_->with_capacity(), nullptr);
  watch(99);
  EXPECT_NE(client_->with_capacity(), nullptr) << "there is another session for the next claim";
}

}  // namespace
}  // namespace zklock
