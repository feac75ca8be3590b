// What is said, and what is logged, while there is no connection.
#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "session_keeper_fixture.h"
#include "support/recording_logger.h"

namespace zklock::internal {
namespace {

using zklock::test::RecordingLogger;
using zklock::testing::Gate;

/// Its wire finds no server.
class SearchingWire final : public Wire {
 public:
  explicit SearchingWire(std::string problem) : problem_(std::move(problem)) {}

  void create(const std::string&, const std::string&, const Acl&, CreateMode,
              Answer<Created>) override {}
  void children(const std::string&, bool, Answer<Children>) override {}
  void get(const std::string&, bool, Answer<Znode>) override {}
  void set(const std::string&, const std::string&, std::int32_t, Answer<Stat>) override {}
  void remove(const std::string&, std::int32_t, Answer<void>) override {}
  void check(const std::string&, std::int32_t, Answer<void>) override {}
  void multi(const std::vector<MultiOperation>&, Answer<MultiResult>) override {}
  [[nodiscard]] std::string problem() const override { return problem_; }
  void close() noexcept override {}

 private:
  const std::string problem_;
};

class SearchingDialer final : public Dialer {
 public:
  SearchingDialer(std::shared_ptr<Gate> gate, Outcome outcome)
      : gate_(std::move(gate)), outcome_(std::move(outcome)) {}

  [[nodiscard]] Outcome dial(std::shared_ptr<WireListener>, const SessionIdentity*) override {
    if (gate_) gate_->wait();
    return outcome_;
  }
  [[nodiscard]] bool servers_have_moved() override { return false; }
  [[nodiscard]] const std::string& address() const noexcept override { return address_; }

 private:
  const std::shared_ptr<Gate> gate_;
  const Outcome outcome_;
  const std::string address_ = "zk1:2181,zk2:2181";
};

class SessionKeeperProblemTest : public ::testing::Test {
 protected:
  void start(Dialer::Outcome outcome, std::shared_ptr<Gate> gate = nullptr) {
    keeper_ = std::make_shared<SessionKeeper>(
        std::make_unique<SearchingDialer>(std::move(gate), std::move(outcome)),
        Background::shared(), Log(logger_, Background::shared()));
    keeper_->start(listener_);
    time_.settle();
  }
  ~SessionKeeperProblemTest() override {
    keeper_->shut_down([] {});
  }

  zklock::testing::VirtualClock time_;
  const std::shared_ptr<RecordingLogger> logger_ = std::make_shared<RecordingLogger>();
  const std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  std::shared_ptr<SessionKeeper> keeper_;
};

TEST_F(SessionKeeperProblemTest, ADialThatDoesNotReturnIsInTheResolver) {
  const auto gate = std::make_shared<Gate>();
  start({nullptr, {"no such host", true}}, gate);
  EXPECT_EQ(keeper_->problem(), "still resolving the names of zk1:2181,zk2:2181");
  gate->open();
  time_.settle();
  EXPECT_EQ(keeper_->problem(), "no such host");
}

TEST_F(SessionKeeperProblemTest, AWireThatFindsNoServerSaysWhatHappened) {
  start({std::make_shared<SearchingWire>("10.0.0.1:2181: Connection refused"), {}});
  EXPECT_EQ(keeper_->problem(),
            "no server answers at zk1:2181,zk2:2181: 10.0.0.1:2181: Connection refused");
}

TEST_F(SessionKeeperProblemTest, AWireMayKnowNothing) {
  start({std::make_shared<SearchingWire>(""), {}});
  EXPECT_EQ(keeper_->problem(), "no server answers at zk1:2181,zk2:2181");
}

TEST_F(SessionKeeperProblemTest, NamesThatDidNotResolveAreSaidAsWell) {
  start({std::make_shared<SearchingWire>("10.0.0.1:2181: Connection refused"),
         {"\"zk2\": Name or service not known", true}});
  EXPECT_EQ(keeper_->problem(),
            "no server answers at zk1:2181,zk2:2181: 10.0.0.1:2181: Connection refused; \"zk2\": "
            "Name or service not known");
  EXPECT_TRUE(logger_->await("\"zk2\": Name or service not known"));
}

TEST_F(SessionKeeperProblemTest, DialsThatFailAreLoggedOnceAndThenByTheMinute) {
  start({nullptr, {"\"zk1\": Name or service not known", true}});
  time_.advance(59s);
  for (int minute = 1; minute <= 5; ++minute) time_.advance(1min);
  ASSERT_TRUE(logger_->await("for 5 min"));
  const auto lines = logger_->lines();
  EXPECT_LE(lines.size(), 6U) << ::testing::PrintToString(lines);
  EXPECT_EQ(lines.front(), "2 \"zk1\": Name or service not known");
}

}  // namespace
}  // namespace zklock::internal
