// Create, list and watch in one go: the answer to the list is answered with the watch.
#include <functional>
#include <stdexcept>

#include "client_fixture.h"

namespace zklock {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Type = WatchEvent::Type;

class FunctionChooser final : public ClaimChooser {
 public:
  using Function = std::function<std::string(const CreatedClaim&, const Children&)>;

  explicit FunctionChooser(Function function) : function_(std::move(function)) {}
  [[nodiscard]] std::string choose(const CreatedClaim& claim,
                                   const Children& queue) const override {
    return function_(claim, queue);
  }

 private:
  const Function function_;
};

class ClientEnqueueTest : public ClientTest {
 protected:
  /// An enqueue whose create and list were answered: the queue has "lock-1" and the new claim.
  zklock::testing::BackgroundCall<Result<Enqueued>> enqueue(FunctionChooser::Function choose) {
    auto enqueued = in_background([this, choose = std::move(choose)] {
      return client_->enqueue({.directory = "/locks",
                               .chooser = std::make_shared<FunctionChooser>(choose),
                               .watcher = watcher_},
                              {});
    });
    const WireRequest create = wire_->take(Op::create);
    const WireRequest list = wire_->take(Op::children);
    create.answer(Created{.path = create.path + "0000000002", .stat = {.czxid = 70}});
    list.answer(Children{.names = {"lock-1", "the new one"}});
    return enqueued;
  }

  const std::shared_ptr<ScriptedWire> wire_ = connect();
  const std::shared_ptr<RecordingWatcher> watcher_ = std::make_shared<RecordingWatcher>();
};

TEST_F(ClientEnqueueTest, WatchesTheChosenClaim) {
  auto enqueued = enqueue([](const CreatedClaim& claim, const Children& queue) {
    EXPECT_EQ(claim.stat.czxid, 70);
    return queue.names.front();
  });
  const WireRequest read = wire_->take(Op::get);
  EXPECT_EQ(read.path, "/locks/lock-1");
  EXPECT_TRUE(read.watch);
  read.answer(node_of(0x2002, "of somebody else"));
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->watched, "lock-1");
  EXPECT_EQ(result->ahead.data, "of somebody else");
  EXPECT_EQ(result->ahead.connection, 1U);
  EXPECT_EQ(result->claim.stat.czxid, 70);
  EXPECT_THAT(result->queue->names, ElementsAre("lock-1", "the new one"));
  wire_->listener->on_watch(Type::deleted, "/locks/lock-1");
  EXPECT_THAT(watcher_->types(), ElementsAre(Type::deleted));
}

TEST_F(ClientEnqueueTest, WatchesNothingIfTheChosenClaimIsGone) {
  auto enqueued = enqueue([](const CreatedClaim&, const Children&) { return "lock-1"; });
  wire_->take(Op::get).fail(ZooKeeperErrc::no_node);
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->watched, "");
  EXPECT_EQ(result->queue->names.size(), 2U);
  wire_->listener->on_watch(Type::created, "/locks/lock-1");
  EXPECT_THAT(watcher_->types(), IsEmpty());
}

TEST_F(ClientEnqueueTest, WatchesNothingIfNoneIsChosen) {
  for (const char* const none : {"", "not/a/name/"}) {
    const Result<Enqueued> result =
        enqueue([none](const CreatedClaim&, const Children&) { return none; }).get();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->watched, "");
  }
  EXPECT_FALSE(wire_->has_requests());
}

TEST_F(ClientEnqueueTest, LogsWhatAChooserThrowsAndWatchesNothing) {
  const Result<Enqueued> result = enqueue([](const CreatedClaim&, const Children&) -> std::string {
                                    throw std::runtime_error("out of order");
                                  }).get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->watched, "");
  EXPECT_TRUE(lines_->await("no claim was chosen in /locks: out of order"));
}

TEST_F(ClientEnqueueTest, ALostConnectionAfterTheCreateKeepsTheClaim) {
  auto enqueued = enqueue([](const CreatedClaim&, const Children&) { return "lock-1"; });
  wire_->take(Op::get).fail(ZooKeeperErrc::connection_loss);
  const Result<Enqueued> result = enqueued.get();
  ASSERT_TRUE(result);
  EXPECT_EQ(result->claim.stat.czxid, 70);
  EXPECT_EQ(result->watched, "");
}

}  // namespace
}  // namespace zklock
