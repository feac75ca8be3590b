// fake_server_choice.h: which server of a fake ensemble a client tries next.
#ifndef ZKLOCK_SRC_TESTING_FAKE_SERVER_CHOICE_H_
#define ZKLOCK_SRC_TESTING_FAKE_SERVER_CHOICE_H_

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/platform.h"
#include "testing/fake_addresses.h"
#include "testing/fake_line.h"

namespace zklock::internal {

/// Goes round the addresses of the servers, as libzookeeper does. Of the loop.
class FakeServerChoice {
 public:
  FakeServerChoice(const FakeAddresses& addresses, std::shared_ptr<FakeLine> line)
      : addresses_(addresses), line_(std::move(line)) {}

  [[nodiscard]] bool has_others() const {
    return line_->addresses.size() > 1 && line_->only_server < 0;
  }
  /// How long the server that was last chosen may take to accept the client, and to begin or to
  /// resume this session. If there are others, its attempt is ended earlier than libzookeeper does
  /// it (see attempt_patience, which counts the search as well).
  [[nodiscard]] std::chrono::nanoseconds patience_with(const SessionIdentity& session) const {
    const std::chrono::nanoseconds shortest = std::chrono::seconds(1);
    if (server_ == FakeAddresses::kNobody) return shortest;
    if (session.id == 0 || !has_others()) return 2 * std::chrono::nanoseconds(session.timeout) / 3;
    return std::max<std::chrono::nanoseconds>(shortest, session.timeout / 6);
  }
  /// The one to try now, or what is at its address instead.
  [[nodiscard]] int next() {
    if (!std::exchange(is_resolved_, true)) line_->addresses = addresses_.resolve();
    ++tried_;
    server_ = line_->only_server >= 0 ? line_->only_server : addresses_.server_at(next_address());
    return server_;
  }
  /// Whether each was tried since this was last true, or `on_connected`.
  [[nodiscard]] bool has_tried_all() {
    if (tried_ < line_->addresses.size()) return false;
    tried_ = 0;
    return true;
  }
  void on_connected() noexcept { tried_ = 0; }

 private:
  [[nodiscard]] int next_address() {
    last_ = last_ ? (*last_ + 1) % line_->addresses.size() : first();
    return line_->addresses[*last_];
  }
  [[nodiscard]] std::size_t first() {
    const int wanted = std::exchange(line_->first_server, -1);
    if (wanted >= 0) return static_cast<std::size_t>(wanted);
    return Platform::current().random() % line_->addresses.size();
  }

  const FakeAddresses& addresses_;
  const std::shared_ptr<FakeLine> line_;
  std::optional<std::size_t> last_;
  int server_ = 0;
  std::size_t tried_ = 0;
  bool is_resolved_ = false;  // with this handle
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_SERVER_CHOICE_H_
