// session_state.h: one session as the client knows it, shared with everything that lives in it.
#ifndef ZKLOCK_SRC_SESSION_STATE_H_
#define ZKLOCK_SRC_SESSION_STATE_H_

#include <zklock/zookeeper_client.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>
#include <system_error>

#include "wire.h"

namespace zklock::internal {

class SessionState final : public Session {
 public:
  explicit SessionState(const SessionIdentity& identity)
      : id_(identity.id), timeout_(identity.timeout.count()) {}

  [[nodiscard]] std::int64_t id() const noexcept override { return id_; }
  [[nodiscard]] std::chrono::milliseconds timeout() const noexcept override {
    return std::chrono::milliseconds(timeout_.load());
  }
  [[nodiscard]] std::stop_token lost() const noexcept override { return lost_.get_token(); }
  [[nodiscard]] std::error_code loss_reason() const noexcept override {
    return static_cast<LossReason>(reason_.load());
  }

  /// A handshake negotiated `timeout`. The smallest counts: a new leader goes back to the first
  /// one.
  void negotiated(std::chrono::milliseconds timeout) noexcept {
    timeout_.store(std::min(timeout_.load(), timeout.count()));
  }

  /// The session is gone. The first reason stays. Runs the stop callbacks of `lost()`.
  void lose(LossReason reason) noexcept {
    int none = 0;
    reason_.compare_exchange_strong(none, static_cast<int>(reason));
    lost_.request_stop();
  }

 private:
  const std::int64_t id_;
  std::atomic<std::chrono::milliseconds::rep> timeout_;
  std::atomic<int> reason_{0};  // a LossReason once lost
  std::stop_source lost_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_SESSION_STATE_H_
