// fake_server_choice.h: which server of a fake ensemble a client tries next.
#ifndef ZKLOCK_SRC_TESTING_FAKE_SERVER_CHOICE_H_
#define ZKLOCK_SRC_TESTING_FAKE_SERVER_CHOICE_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "base/platform.h"
#include "testing/fake_line.h"

namespace zklock::internal {

/// Goes round the servers, as libzookeeper does. Of the loop.
class FakeServerChoice {
 public:
  FakeServerChoice(std::shared_ptr<FakeLine> line, int servers)
      : line_(std::move(line)), servers_(servers) {}

  [[nodiscard]] bool has_others() const { return servers_ > 1 && line_->only_server < 0; }
  /// How long a server may take to resume a session. If there are others, its attempt is ended
  /// earlier than libzookeeper does it (see attempt_patience, which counts the search as well).
  [[nodiscard]] std::chrono::nanoseconds patience_to_resume(
      std::chrono::nanoseconds timeout) const {
    if (!has_others()) return 2 * timeout / 3;
    return std::max<std::chrono::nanoseconds>(std::chrono::seconds(1), timeout / 6);
  }
  /// The one to try now.
  [[nodiscard]] int next() {
    ++tried_;
    if (line_->only_server >= 0) return line_->only_server;
    last_ = last_ >= 0 ? (last_ + 1) % servers_ : first();
    return last_;
  }
  /// Whether each was tried since this was last true, or `on_connected`.
  [[nodiscard]] bool has_tried_all() {
    if (tried_ < servers_) return false;
    tried_ = 0;
    return true;
  }
  void on_connected() noexcept { tried_ = 0; }

 private:
  [[nodiscard]] int first() {
    const int wanted = std::exchange(line_->first_server, -1);
    if (wanted >= 0) return wanted;
    return static_cast<int>(Platform::current().random() % static_cast<std::uint64_t>(servers_));
  }

  const std::shared_ptr<FakeLine> line_;
  const int servers_;
  int last_ = -1;
  int tried_ = 0;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_SERVER_CHOICE_H_
