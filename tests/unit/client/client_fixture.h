// client_fixture.h: what the tests of the client share: a client over wires that the test answers.
#ifndef ZKLOCK_TESTS_UNIT_CLIENT_CLIENT_FIXTURE_H_
#define ZKLOCK_TESTS_UNIT_CLIENT_CLIENT_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client/client.h"
#include "support/error_of.h"
#include "support/recording_logger.h"
#include "support/recording_watcher.h"
#include "support/scripted_wire.h"
#include "support/virtual_clock.h"

namespace zklock {

using namespace std::chrono_literals;
using Op = zklock::testing::WireRequest::Op;
using zklock::test::error_of;
using zklock::test::RecordingLogger;
using zklock::test::RecordingWatcher;
using zklock::testing::in_background;
using zklock::testing::ScriptedWire;
using zklock::testing::WireRequest;

class ClientTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kSession = 0x1001;

  /// The client begins to dial here, so the ensemble has to be set up before.
  explicit ClientTest(std::string reads_first = "",
                      std::optional<std::chrono::nanoseconds> looks_at_attempts_each = {}) {
    if (looks_at_attempts_each) ensemble_.look_at_attempts_each(*looks_at_attempts_each);
    client_ = std::make_unique<internal::Client>(
        ensemble_.dialer(), ClientOptions{.logger = lines_}, std::move(reads_first));
  }

  /// The next wire, connected; the client may not know of it yet.
  std::shared_ptr<ScriptedWire> begin_to_connect(std::int64_t session = kSession) {
    auto wire = ensemble_.next_wire();
    wire->connect(session);
    return wire;
  }
  /// The next wire, connected and in use.
  std::shared_ptr<ScriptedWire> connect(std::int64_t session = kSession) {
    auto wire = begin_to_connect(session);
    auto in_use = in_background([this] { return client_->check("/", 0, {}); });
    wire->take(Op::check).answer();
    EXPECT_TRUE(in_use.get());
    return wire;
  }
  /// The connection breaks, and comes back.
  static void reconnect(ScriptedWire& wire, std::int64_t session = kSession) {
    wire.listener->on_disconnected();
    wire.connect(session);
  }

  /// A read of "/a" that times out; its request, which can still be answered.
  WireRequest read_in_vain(ScriptedWire& wire, const std::shared_ptr<Watcher>& watcher) {
    EXPECT_EQ(client_->get_and_watch("/a", watcher, Context().with_timeout(0s)).error(),
              ZooKeeperErrc::operation_timeout);
    return wire.take(Op::get);
  }

  static Znode node_of(std::int64_t session, const std::string& data = {}) {
    Znode znode;
    znode.data = data;
    znode.stat.ephemeral_owner = session;
    return znode;
  }

  zklock::testing::VirtualClock time_;
  zklock::testing::ScriptedEnsemble ensemble_;
  const std::shared_ptr<RecordingLogger> lines_ = std::make_shared<RecordingLogger>();
  std::unique_ptr<internal::Client> client_;
};

}  // namespace zklock

#endif  // ZKLOCK_TESTS_UNIT_CLIENT_CLIENT_FIXTURE_H_
