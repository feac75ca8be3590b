// fake_addresses.h: where the servers of a fake ensemble are to be found.
#ifndef ZKLOCK_SRC_TESTING_FAKE_ADDRESSES_H_
#define ZKLOCK_SRC_TESTING_FAKE_ADDRESSES_H_

#include <cstddef>
#include <set>
#include <vector>

namespace zklock::internal {

/// The names of the servers resolve to addresses. A server that moves leaves its address behind;
/// clients that have not looked it up since go on to try that.
///
/// Thread safety: none: all of it on the loop.
class FakeAddresses {
 public:
  /// Packets get no answer.
  static constexpr int kNobody = -1;
  /// What listens there is no ZooKeeper, and hangs up.
  static constexpr int kStranger = -2;

  /// Each has one, which is its number.
  explicit FakeAddresses(int servers) {
    for (int server = 0; server < servers; ++server) move(server);
  }

  /// Of each server, by its number.
  [[nodiscard]] const std::vector<int>& resolve() const noexcept { return of_servers_; }
  /// The server that is there now, or one of the above.
  [[nodiscard]] int server_at(int address) const {
    const int server = listeners_.at(static_cast<std::size_t>(address));
    return is_off(server) ? kNobody : server;
  }

  /// The server has another address from now on. At the old one is nobody.
  void move(int server);
  /// The same, to an address that another has left. REQUIRES: no server is there.
  void move_to(int server, int address);
  /// A stranger takes it. REQUIRES: no server is there.
  void give_away(int address) { listeners_.at(static_cast<std::size_t>(address)) = kStranger; }

  /// The server's host is off, or on again.
  void set_off(int server, bool is_off);
  [[nodiscard]] bool is_off(int server) const { return off_.contains(server); }

 private:
  std::vector<int> of_servers_;
  std::vector<int> listeners_;  // by address
  std::set<int> off_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_ADDRESSES_H_
