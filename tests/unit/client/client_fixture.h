// client_fixture.h: what the tests of the client share: a client over wires that the test answers.
#ifndef ZKLOCK_TESTS_UNIT_CLIENT_CLIENT_FIXTURE_H_
#define ZKLOCK_TESTS_UNIT_CLIENT_CLIENT_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "client/client.h"
#include "support/scripted_wire.h"
#include "support/virtual_clock.h"

namespace zklock {

using namespace std::chrono_literals;
using Op = zklock::testing::WireRequest::Op;
using zklock::testing::in_background;
using zklock::testing::ScriptedWire;
using zklock::testing::WireRequest;

/// Remembers the events.
class RecordingWatcher final : public Watcher {
 public:
  explicit RecordingWatcher(bool prompt = true) : prompt_(prompt) {}

  void on_event(const WatchEvent& event) override {
    {
      const std::scoped_lock lock(mutex_);
      events_.push_back(event);
      thread_ = std::this_thread::get_id();
    }
    changed_.notify_all();
  }
  [[nodiscard]] bool is_prompt() const noexcept override { return prompt_; }

  [[nodiscard]] std::vector<WatchEvent::Type> types() const {
    const std::scoped_lock lock(mutex_);
    std::vector<WatchEvent::Type> types;
    for (const WatchEvent& event : events_) types.push_back(event.type);
    return types;
  }
  [[nodiscard]] WatchEvent last() const {
    const std::scoped_lock lock(mutex_);
    return events_.empty() ? WatchEvent{} : events_.back();
  }
  [[nodiscard]] std::thread::id thread() const {
    const std::scoped_lock lock(mutex_);
    return thread_;
  }
  /// Waits, for real, for so many events.
  [[nodiscard]] bool await(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return events_.size() >= count; });
  }

 private:
  const bool prompt_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<WatchEvent> events_;  // guarded by mutex_
  std::thread::id thread_;          // guarded by mutex_
};

/// Remembers the lines.
class RecordingLogger final : public Logger {
 public:
  void log(LogLevel level, std::string_view message) override {
    {
      const std::scoped_lock lock(mutex_);
      lines_.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(message));
    }
    changed_.notify_all();
  }
  /// Waits, for real, for a line with this in it.
  [[nodiscard]] bool await(const std::string& part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] {
      return std::any_of(lines_.begin(), lines_.end(), [&](const std::string& line) {
        return line.find(part) != std::string::npos;
      });
    });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;  // guarded by mutex_
};

class ClientTest : public ::testing::Test {
 protected:
  static constexpr std::int64_t kSession = 0x1001;

  explicit ClientTest(std::string reads_first = "")
      : client_(std::make_unique<internal::Client>(
            ensemble_.dialer(), ClientOptions{.logger = lines_}, std::move(reads_first))) {}

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
