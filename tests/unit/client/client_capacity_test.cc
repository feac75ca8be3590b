// What a client does when its session has as many claims as it may have.
#include "client/session_capacity.h"
#include "client_fixture.h"

namespace zklock {
namespace {

/// The client's session has as many claims as it may have.
class FullClientTest : public ClientTest {
 protected:
  static constexpr std::size_t kLongPath = 8'000;

  FullClientTest() {
    for (std::size_t bytes = 0; bytes < internal::SessionCapacity::kMostBytes; bytes += kLongPath) {
      auto enqueued = in_background([&] {
        return client_->enqueue({.directory = "/" + std::string(kLongPath, 'x'), .list = false},
                                {});
      });
      wire_->take(Op::create).answer(Created{.path = "/x/lock-0"});
      claims_.push_back(enqueued.get()->claim);
    }
  }

  const std::shared_ptr<ScriptedWire> wire_ = connect();
  std::vector<CreatedClaim> claims_;  // keep their reservations
};

TEST_F(FullClientTest, OpensAnotherSessionForFurtherClaims) {
  const auto other = client_->with_capacity();
  ASSERT_NE(other, nullptr);
  EXPECT_EQ(client_->with_capacity(), other);
  claims_.clear();
  EXPECT_EQ(client_->with_capacity(), nullptr);
}

TEST_F(FullClientTest, StaysFullUntilPendingRemovalsAreDone) {
  for (int i = 0; i < 63; ++i) {
    client_->remove_in_background("/" + std::to_string(i) + std::string(kLongPath, 'x'));
  }
  claims_.clear();
  EXPECT_NE(client_->with_capacity(), nullptr);
  for (int i = 0; i < 63; ++i) wire_->take(Op::remove).answer();
  EXPECT_EQ(client_->with_capacity(), nullptr);
}

TEST_F(FullClientTest, ReplacesASessionThatWasRefused) {
  const auto refused = client_->with_capacity();
  ensemble_.next_wire()->listener->on_auth_failed();
  const auto other = client_->with_capacity();
  EXPECT_NE(other, nullptr);
  EXPECT_NE(other, refused);
}

TEST_F(FullClientTest, StaysInItsSessionWithoutAThreadForAnother) {
  ensemble_.lack_threads(true);
  EXPECT_EQ(client_->with_capacity(), nullptr);
  EXPECT_TRUE(lines_->await("no further session with zk1:2181: no thread to be had"));
  ensemble_.lack_threads(false);
  EXPECT_NE(client_->with_capacity(), nullptr);
}

}  // namespace
}  // namespace zklock
