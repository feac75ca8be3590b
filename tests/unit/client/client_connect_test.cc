// The first session of a client: what it is tried with, and what is said when there is none.
#include "client_fixture.h"

namespace zklock {
namespace {

using ::testing::HasSubstr;

/// A client that tries its first session with a read of the root.
class ClientConnectTest : public ClientTest {
 protected:
  ClientConnectTest() : ClientTest("/") {}
};

TEST_F(ClientConnectTest, AwaitSessionReadsTheRoot) {
  auto done = in_background([&] { client_->await_session(10s); });
  const auto wire = begin_to_connect();
  const WireRequest request = wire->take(Op::get);
  EXPECT_EQ(request.path, "/");
  request.answer(Znode{});
  EXPECT_NO_THROW(done.get());
}

TEST_F(ClientConnectTest, AwaitSessionReportsAMissingChroot) {
  auto done = in_background([&] { client_->await_session(10s); });
  const auto wire = begin_to_connect();
  wire->take(Op::get).fail(ZooKeeperErrc::no_node);
  const LockError error = error_of([&] { done.get(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::no_node);
  EXPECT_THAT(error.what(), HasSubstr("chroot of zk1:2181"));
}

TEST_F(ClientConnectTest, AwaitSessionReadsAgainWhenTheConnectionBreaks) {
  auto done = in_background([&] { client_->await_session(10s); });
  const auto wire = begin_to_connect();
  wire->take(Op::get).fail(ZooKeeperErrc::connection_loss);
  wire->take(Op::get).answer(Znode{});
  EXPECT_NO_THROW(done.get());
}

TEST_F(ClientConnectTest, AwaitSessionReportsARefusedIdentity) {
  auto done = in_background([&] { client_->await_session(10s); });
  const auto wire = begin_to_connect();
  const WireRequest request = wire->take(Op::get);
  wire->listener->on_auth_failed();
  request.fail(ZooKeeperErrc::auth_failed);
  const LockError error = error_of([&] { done.get(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  EXPECT_THAT(error.what(), HasSubstr("refused to authenticate"));
}

class RefusedUserTest : public ClientTest {
 protected:
  RefusedUserTest() : ClientTest("/", 250ms) {}
};

TEST_F(RefusedUserTest, AwaitSessionReportsItAtOnce) {
  auto done = in_background([&] { client_->await_session(10s); });
  ensemble_.next_wire()->refuse("the servers refuse to log in \"orders\"");
  time_.settle();
  time_.advance(500ms);
  const LockError error = error_of([&] { done.get(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::auth_failed);
  EXPECT_STREQ(error.what(),
               "attempt to acquire lock failed: no session with zk1:2181: the servers refuse to "
               "log in \"orders\"");
}

TEST_F(ClientConnectTest, AwaitSessionReportsThatAuthenticationIsRequired) {
  auto done = in_background([&] { client_->await_session(10s); });
  const auto wire = begin_to_connect();
  const WireRequest request = wire->take(Op::get);
  time_.settle();                     // the caller waits for the answer
  wire->listener->on_disconnected();  // such a server hangs up
  request.fail(ZooKeeperErrc::session_closed_require_sasl_auth);
  const LockError error = error_of([&] { done.get(); });
  EXPECT_EQ(error.code(), Errc::locking_failed);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::session_closed_require_sasl_auth);
  EXPECT_THAT(error.what(), HasSubstr("requires authentication: set ClientOptions::auth"));
}

TEST_F(ClientConnectTest, AwaitSessionAcceptsARootWithoutReadPermission) {
  auto done = in_background([&] { client_->await_session(10s); });
  const auto wire = begin_to_connect();
  wire->take(Op::get).fail(ZooKeeperErrc::no_auth);
  EXPECT_NO_THROW(done.get());
}

TEST_F(ClientConnectTest, AwaitSessionNamesTheAddressWhenNoServerAnswers) {
  auto done = in_background([&] { client_->await_session(3s); });
  static_cast<void>(ensemble_.next_wire());
  time_.advance(3s);
  const LockError error = error_of([&] { done.get(); });
  EXPECT_EQ(error.code(), Errc::no_server_answered);
  EXPECT_EQ(error.cause(), ZooKeeperErrc::connection_loss);
  EXPECT_THAT(error.what(), HasSubstr("no server answers at zk1:2181"));
}

class ClientFindTest : public ClientTest {
 protected:
  ClientFindTest() : ClientTest("/locks") {}

  /// What await_session returns when the first read is answered like that.
  template <class Answer>
  bool finds(const Answer& answer) {
    auto done = in_background([&] { return client_->await_session(10s); });
    const auto wire = begin_to_connect();
    const WireRequest request = wire->take(Op::get);
    EXPECT_EQ(request.path, "/locks");
    answer(request, *wire);
    return done.get();
  }
};

TEST_F(ClientFindTest, AwaitSessionReportsAnExistingPath) {
  EXPECT_TRUE(finds([](const WireRequest& read, ScriptedWire&) { read.answer(Znode{}); }));
}

TEST_F(ClientFindTest, AwaitSessionReportsAMissingPath) {
  EXPECT_FALSE(
      finds([](const WireRequest& read, ScriptedWire&) { read.fail(ZooKeeperErrc::no_node); }));
}

TEST_F(ClientFindTest, AwaitSessionReportsAnUnreadablePathAsExisting) {
  EXPECT_TRUE(
      finds([](const WireRequest& read, ScriptedWire&) { read.fail(ZooKeeperErrc::no_auth); }));
}

TEST_F(ClientFindTest, AwaitSessionLooksAgainWhenTheConnectionBreaks) {
  EXPECT_FALSE(finds([](const WireRequest& read, ScriptedWire& wire) {
    read.fail(ZooKeeperErrc::connection_loss);
    wire.take(Op::get).fail(ZooKeeperErrc::no_node);
  }));
}

TEST_F(ClientFindTest, LaterConnectionsDoNotReadThePath) {
  const auto wire = begin_to_connect();
  wire->take(Op::get).answer(Znode{});
  wire->listener->on_disconnected();
  wire->connect(kSession);
  time_.settle();
  EXPECT_FALSE(wire->has_requests());
}

}  // namespace
}  // namespace zklock
