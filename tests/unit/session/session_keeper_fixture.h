// session_keeper_fixture.h: what the tests of the session keeper share: one over wires that the
// test answers, and a listener that records its notifications.
#ifndef ZKLOCK_TESTS_UNIT_SESSION_SESSION_KEEPER_FIXTURE_H_
#define ZKLOCK_TESTS_UNIT_SESSION_SESSION_KEEPER_FIXTURE_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "session/session_keeper.h"
#include "unit/client/client_fixture.h"

namespace zklock::internal {

using zklock::testing::ScriptedEnsemble;

/// Records the notifications for the parts of a client.
class Listener final : public SessionListener {
 public:
  void on_connected(const SessionConnection& connection, bool is_new_wire) override {
    note("up " + std::to_string(connection.session->id()) + " #" +
         std::to_string(connection.number) + (is_new_wire ? " new wire" : ""));
  }
  void on_session_lost(const std::shared_ptr<SessionState>& session,
                       std::uint64_t connection) override {
    EXPECT_TRUE(session->lost().stop_requested());
    note("lost " + std::to_string(session->id()) + " #" + std::to_string(connection));
  }
  void on_watch_fired(WatchEvent::Type, const std::string& path,
                      std::uint64_t connection) override {
    note("watch " + path + " #" + std::to_string(connection));
  }
  /// Waits, for real, until it has heard so much.
  [[nodiscard]] bool await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return heard_.size() >= count; });
  }
  [[nodiscard]] std::vector<std::string> heard() const {
    const std::scoped_lock lock(mutex_);
    return heard_;
  }

 private:
  void note(std::string what) {
    {
      const std::scoped_lock lock(mutex_);
      heard_.push_back(std::move(what));
    }
    changed_.notify_all();
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> heard_;  // guarded by mutex_
};

class SessionKeeperTest : public ::testing::Test {
 protected:
  using Heard = std::vector<std::string>;

  SessionKeeperTest()
      : keeper_(std::make_shared<SessionKeeper>(ensemble_.dialer(), Background::shared(), Log())) {}
  ~SessionKeeperTest() override {
    keeper_->shut_down([] {});
  }

  std::shared_ptr<ScriptedWire> start() {
    keeper_->start(listener_);
    return ensemble_.next_wire();
  }
  std::shared_ptr<ScriptedWire> connect(std::int64_t session = 1) {
    auto wire = start();
    connect(*wire, session);
    return wire;
  }
  /// Connects the wire, and waits until that has got about.
  void connect(ScriptedWire& wire, std::int64_t session) {
    const std::size_t heard = listener_->heard().size();
    wire.connect(session);
    EXPECT_TRUE(listener_->await(heard + 1));
  }

  zklock::testing::VirtualClock time_;
  ScriptedEnsemble ensemble_;
  const std::shared_ptr<Listener> listener_ = std::make_shared<Listener>();
  const std::shared_ptr<SessionKeeper> keeper_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_TESTS_UNIT_SESSION_SESSION_KEEPER_FIXTURE_H_
