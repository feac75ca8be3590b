// test_session.h: a session that the test controls.
#ifndef ZKLOCK_TESTS_SUPPORT_TEST_SESSION_H_
#define ZKLOCK_TESTS_SUPPORT_TEST_SESSION_H_

#include <zklock/zookeeper_client.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>

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
    if (doubts_.load() != 0) return std::chrono::steady_clock::time_point::min();
    return certain_until_.load();
  }
  [[nodiscard]] std::stop_token ending(std::chrono::milliseconds) const override {
    return ending_.get_token();
  }
  [[nodiscard]] Result<void> become_certain(std::chrono::nanoseconds,
                                            const Context&) const override {
    if (const int error = doubts_.exchange(0); error != 0) return static_cast<ZooKeeperErrc>(error);
    return {};
  }

  /// It is not certain now, and the next become_certain fails with this.
  void doubt(ZooKeeperErrc error) { doubts_.store(static_cast<int>(error)); }
  void lose(LossReason reason = LossReason::session_expired) {
    reason_.store(reason);
    lost_.request_stop();
  }
  /// It ends soon: `ending` requests stop, whatever the margin.
  void warn() { ending_.request_stop(); }
  void be_certain_until(std::chrono::steady_clock::time_point time) { certain_until_.store(time); }

 private:
  const std::int64_t id_;
  std::atomic<LossReason> reason_{LossReason::session_expired};
  std::atomic<std::chrono::steady_clock::time_point> certain_until_{
      std::chrono::steady_clock::time_point::max()};
  mutable std::atomic<int> doubts_{0};  // a ZooKeeperErrc; 0: none
  std::stop_source lost_;
  std::stop_source ending_;
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_TEST_SESSION_H_
