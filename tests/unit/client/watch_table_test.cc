#include "client/watch_table.h"

#include <stdexcept>
#include <thread>

#include "client_fixture.h"

namespace zklock::internal {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Type = WatchEvent::Type;

class WatchTableTest : public ::testing::Test {
 protected:
  /// Adds the watcher. Returns whether the request that follows has to set the watch.
  bool add(const std::string& path, const std::shared_ptr<Watcher>& watcher) {
    added_ = table_.add(path, watcher);
    return added_.must_set_watch;
  }
  /// The request that followed the last `add` succeeded.
  void stands(const std::string& path) { table_.watch_stands(path, added_.generation); }

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<Background> background_ = Background::shared();
  WatchTable table_{UserCallbacks({background_, &background_->watchers}, nullptr), Log()};
  WatchTable::Added added_;
  const std::shared_ptr<RecordingWatcher> one_ = std::make_shared<RecordingWatcher>();
  const std::shared_ptr<RecordingWatcher> two_ = std::make_shared<RecordingWatcher>();
};

TEST_F(WatchTableTest, EachPathNeedsOneWatchOnTheServer) {
  EXPECT_TRUE(add("/a", one_));
  EXPECT_TRUE(add("/a", two_));  // not known to stand yet
  stands("/a");
  EXPECT_FALSE(add("/a", one_));
  EXPECT_TRUE(add("/b", one_));
}

TEST_F(WatchTableTest, FiringNotifiesAllWatchersOfThePathOnce) {
  add("/a", one_);
  add("/a", two_);
  stands("/a");
  table_.fire(Type::deleted, "/b", 4);
  EXPECT_THAT(one_->types(), IsEmpty());
  table_.fire(Type::deleted, "/a", 4);
  table_.fire(Type::deleted, "/a", 4);
  EXPECT_THAT(one_->types(), ElementsAre(Type::deleted));
  EXPECT_THAT(two_->types(), ElementsAre(Type::deleted));
  EXPECT_EQ(one_->last().path, "/a");
  EXPECT_EQ(one_->last().connection, 4U);
  EXPECT_TRUE(add("/a", one_));  // the watch is over
}

TEST_F(WatchTableTest, AWatcherThatIsAddedTwiceIsNotifiedOnce) {
  add("/a", one_);
  add("/a", one_);
  table_.fire(Type::changed, "/a", 1);
  EXPECT_THAT(one_->types(), ElementsAre(Type::changed));
}

TEST_F(WatchTableTest, AWatchThatFiredBeforeItsAnswerIsNotSet) {
  add("/a", one_);
  table_.fire(Type::deleted, "/a", 1);
  stands("/a");
  EXPECT_TRUE(add("/a", one_));
}

TEST_F(WatchTableTest, AWatchThatWasLostBeforeItsAnswerIsNotSet) {
  add("/a", one_);
  table_.lost_with_wire();
  stands("/a");
  EXPECT_TRUE(add("/a", one_));
}

TEST_F(WatchTableTest, AFiredWatchMustBeSetAgain) {
  add("/a", one_);
  const WatchTable::Added fired = added_;
  table_.fire(Type::deleted, "/a", 1);
  add("/a", one_);
  table_.watch_stands("/a", fired.generation);
  EXPECT_TRUE(add("/a", two_));
  stands("/a");
  EXPECT_FALSE(add("/a", two_));
}

TEST_F(WatchTableTest, WatchersAreReferredToWeakly) {
  auto watcher = std::make_shared<RecordingWatcher>();
  const std::weak_ptr<RecordingWatcher> weak = watcher;
  add("/a", watcher);
  watcher.reset();
  EXPECT_TRUE(weak.expired());
  table_.fire(Type::deleted, "/a", 1);  // no watcher
}

TEST_F(WatchTableTest, AWatchOutlivesItsWatchers) {
  for (int i = 0; i < 10'000; ++i) {
    const auto watcher = std::make_shared<RecordingWatcher>();
    EXPECT_EQ(add("/a", watcher), i == 0);
    stands("/a");
  }
  EXPECT_FALSE(add("/a", one_));
  table_.fire(Type::deleted, "/a", 1);
  EXPECT_THAT(one_->types(), ElementsAre(Type::deleted));
}

TEST_F(WatchTableTest, ARemovedWatcherIsNotNotified) {
  add("/a", one_);
  add("/a", two_);
  table_.remove("/a", one_);
  table_.remove("/b", one_);
  table_.fire(Type::deleted, "/a", 1);
  EXPECT_THAT(one_->types(), IsEmpty());
  EXPECT_THAT(two_->types(), ElementsAre(Type::deleted));
}

TEST_F(WatchTableTest, RemovingAWatcherKeepsTheWatch) {
  add("/a", one_);
  stands("/a");
  table_.remove("/a", one_);
  EXPECT_FALSE(add("/a", two_));
}

TEST_F(WatchTableTest, AReconnectNotifiesTheRemainingWatchers) {
  add("/a", one_);
  stands("/a");
  add("/b", two_);
  table_.reconnected(2);
  EXPECT_THAT(one_->types(), ElementsAre(Type::reconnected));
  EXPECT_THAT(two_->types(), ElementsAre(Type::reconnected));
  EXPECT_FALSE(add("/a", two_));  // it still stands
  table_.fire(Type::deleted, "/a", 2);
  EXPECT_THAT(one_->types(), ElementsAre(Type::reconnected, Type::deleted));
}

TEST_F(WatchTableTest, AnotherWireStartsWithoutWatches) {
  add("/a", one_);
  stands("/a");
  table_.lost_with_wire();
  EXPECT_TRUE(add("/a", two_));
  table_.fire(Type::deleted, "/a", 1);
  EXPECT_THAT(one_->types(), ElementsAre(Type::deleted));  // it is still in it
}

TEST_F(WatchTableTest, TheEndOfTheSessionNotifiesAndRemovesAllWatchers) {
  add("/a", one_);
  stands("/a");
  table_.session_lost(3);
  table_.reconnected(4);
  EXPECT_THAT(one_->types(), ElementsAre(Type::session_lost));
  EXPECT_TRUE(add("/a", one_));
}

TEST_F(WatchTableTest, PromptWatchersRunOnTheSameThreadOthersOnTheCallbackThread) {
  const auto other = std::make_shared<RecordingWatcher>(false);
  add("/a", one_);
  add("/a", other);
  table_.fire(Type::deleted, "/a", 1);
  EXPECT_EQ(one_->thread(), std::this_thread::get_id());
  ASSERT_TRUE(other->await(1));
  EXPECT_NE(other->thread(), std::this_thread::get_id());
}

TEST_F(WatchTableTest, EventsAreReportedInOrder) {
  const auto other = std::make_shared<RecordingWatcher>(false);
  add("/a", other);
  table_.reconnected(2);
  table_.reconnected(3);
  table_.fire(Type::deleted, "/a", 3);
  ASSERT_TRUE(other->await(3));
  EXPECT_THAT(other->types(), ElementsAre(Type::reconnected, Type::reconnected, Type::deleted));
}

TEST_F(WatchTableTest, OtherWatchersAreNotifiedWhenOneThrows) {
  class Throwing final : public Watcher {
   public:
    void on_event(const WatchEvent& event) override {
      if (event.connection == 1) throw std::runtime_error("no");
      throw 7;
    }
    [[nodiscard]] bool is_prompt() const noexcept override { return true; }
  };
  const auto throwing = std::make_shared<Throwing>();
  for (const std::uint64_t connection : {1U, 2U}) {
    add("/a", throwing);
    add("/a", one_);
    EXPECT_NO_THROW(table_.fire(Type::deleted, "/a", connection));
  }
  EXPECT_THAT(one_->types(), ElementsAre(Type::deleted, Type::deleted));
}

TEST_F(WatchTableTest, AWatcherMayWatchAgainFromItsCallback) {
  class Again final : public Watcher, public std::enable_shared_from_this<Again> {
   public:
    explicit Again(WatchTable& table) : table_(table) {}
    void on_event(const WatchEvent& event) override {
      ++count;
      EXPECT_TRUE(table_.add(event.path, shared_from_this()).must_set_watch);
    }
    [[nodiscard]] bool is_prompt() const noexcept override { return true; }
    int count = 0;

   private:
    WatchTable& table_;
  };
  const auto again = std::make_shared<Again>(table_);
  add("/a", again);
  table_.fire(Type::changed, "/a", 1);
  table_.fire(Type::changed, "/a", 1);
  EXPECT_EQ(again->count, 2);
}

TEST_F(WatchTableTest, AWatchWhoseCallerGaveUpIsCounted) {
  add("/a", one_);
  table_.remove("/a", one_);
  EXPECT_EQ(table_.totals().count, 0U);
  stands("/a");
  EXPECT_EQ(table_.totals().count, 1U);
  EXPECT_FALSE(add("/a", two_)) << "it stands";
  table_.fire(Type::deleted, "/a", 1);
  EXPECT_EQ(table_.totals().count, 0U);
  EXPECT_THAT(one_->types(), IsEmpty());
}

TEST_F(WatchTableTest, AWatchThatFiredBeforeTheAnswerCameIsNotCounted) {
  add("/a", one_);
  table_.remove("/a", one_);
  table_.fire(Type::deleted, "/a", 1);
  stands("/a");
  EXPECT_EQ(table_.totals().count, 0U);
}

TEST_F(WatchTableTest, AWatchThatWasNotSetNeedsAnotherRequest) {
  add("/a", one_);
  table_.watch_failed("/a", added_.generation);
  EXPECT_TRUE(add("/a", two_));
  EXPECT_EQ(table_.totals().count, 0U);
}

}  // namespace
}  // namespace zklock::internal
