// tiny_zookeeper.h: a MockClaimClient with a few znodes in memory behind it: what no
// expectation of the test says otherwise, happens there.
#ifndef ZKLOCK_TESTS_SUPPORT_TINY_ZOOKEEPER_H_
#define ZKLOCK_TESTS_SUPPORT_TINY_ZOOKEEPER_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "support/mock_claim_client.h"

namespace zklock::testing {

/// A session that the test can lose.
class TestSession final : public Session {
 public:
  explicit TestSession(std::int64_t id) : id_(id) {}

  [[nodiscard]] std::int64_t id() const noexcept override { return id_; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept override {
    return std::chrono::seconds(10);
  }
  [[nodiscard]] std::stop_token lost() const noexcept override { return lost_.get_token(); }
  [[nodiscard]] std::error_code loss_reason() const noexcept override { return reason_.load(); }
  [[nodiscard]] std::chrono::steady_clock::time_point certain_until() const noexcept override {
    return certain_until_.load();
  }
  [[nodiscard]] Result<void> become_certain(std::chrono::nanoseconds,
                                            const Context&) const override {
    if (const int error = doubts_.exchange(0); error != 0) return static_cast<ZooKeeperErrc>(error);
    return {};
  }

  /// So ends, once, who wants to be certain of it.
  void doubt(ZooKeeperErrc error) { doubts_.store(static_cast<int>(error)); }
  void lose(LossReason reason = LossReason::session_expired) {
    reason_.store(reason);
    lost_.request_stop();
  }
  void be_certain_until(std::chrono::steady_clock::time_point time) { certain_until_.store(time); }

 private:
  const std::int64_t id_;
  std::atomic<LossReason> reason_{LossReason::session_expired};
  std::atomic<std::chrono::steady_clock::time_point> certain_until_{
      std::chrono::steady_clock::time_point::max()};
  mutable std::atomic<int> doubts_{0};  // a ZooKeeperErrc; 0: none
  std::stop_source lost_;
};

/// Thread safety: all of it may be called from any thread; watchers are told by the thread that
/// makes the change.
class TinyZooKeeper : public ::testing::NiceMock<MockClaimClient> {
 public:
  TinyZooKeeper();
  ~TinyZooKeeper() override;

  // What the servers do: for actions that do it, and then say something else.
  Result<Children> do_children(const std::string& path);
  Result<Created> do_create(const std::string& path, const std::string& data);
  Result<Created> do_enqueue(const std::string& path, const std::string& data);
  Result<void> do_remove(const std::string& path, std::int32_t version);
  Result<Znode> do_get(const std::string& path);
  Result<Znode> do_get_and_watch(const std::string& path, const std::shared_ptr<Watcher>& watcher);
  Result<Stat> do_set(const std::string& path, const std::string& data, std::int32_t version);

  /// With the session, and the connection.
  Result<Enqueued> enqueue(const EnqueueRequest& request, const Context& context) override;
  /// Notes the path, and removes the znode without a call of `remove`.
  void remove_in_background(const std::string& path) override;
  [[nodiscard]] std::shared_ptr<const Session> session() const override;

  // What others do.
  void make(const std::string& path, const std::string& data = {});
  /// Makes an ephemeral znode of another session's.
  void claim(const std::string& path, const std::string& data = {});
  void write(const std::string& path, const std::string& data);
  void erase(const std::string& path);
  /// Tells the watchers of `path`, without a change.
  void tell(const std::string& path, WatchEvent::Type type);
  /// Ends the session with everything in it, and begins another.
  void expire(LossReason reason = LossReason::session_expired);
  /// The leader of another epoch takes over: zxids begin with this.
  void elect(std::int64_t epoch);

  // What became of it.
  [[nodiscard]] bool exists(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> names(const std::string& parent) const;
  [[nodiscard]] std::string data(const std::string& path) const;
  [[nodiscard]] Stat stat(const std::string& path) const;
  [[nodiscard]] std::vector<std::string> removed_in_background() const;
  [[nodiscard]] std::shared_ptr<TestSession> own_session() const;
  /// Waits, for real, until somebody watches the znode.
  [[nodiscard]] bool await_watched(const std::string& path);
  [[nodiscard]] bool is_watched(const std::string& path) const;

  std::atomic<std::int32_t> next_sequence{5};
  std::atomic<std::uint64_t> connection{1};
  /// By how much the servers' clock is ahead.
  std::atomic<std::chrono::milliseconds> clock_ahead{std::chrono::milliseconds(0)};

 private:
  struct Node {
    std::string data;
    Stat stat;
    std::vector<std::weak_ptr<Watcher>> watchers;
  };
  using Watchers = std::vector<std::weak_ptr<Watcher>>;

  // REQUIRES: mutex_ is held.
  Result<Created> add(const std::string& path, const std::string& data, std::int64_t owner);
  [[nodiscard]] bool has_watcher(const std::string& path) const;

  [[nodiscard]] Stat::Time server_now() const;

  void tell(const Watchers& watchers, WatchEvent::Type type, const std::string& path);

  mutable std::mutex mutex_;
  std::condition_variable watched_;               // a znode has got a watcher
  std::map<std::string, Node> nodes_;             // guarded by mutex_
  std::int64_t zxid_ = (3LL << 32) + 100;         // guarded by mutex_
  std::shared_ptr<TestSession> session_;          // guarded by mutex_
  std::vector<std::string> background_removals_;  // guarded by mutex_
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_TINY_ZOOKEEPER_H_
