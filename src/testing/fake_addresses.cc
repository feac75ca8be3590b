#include "testing/fake_addresses.h"

namespace zklock::internal {

void FakeAddresses::move(int server) {
  listeners_.push_back(kNobody);
  move_to(server, static_cast<int>(listeners_.size()) - 1);
}

void FakeAddresses::move_to(int server, int address) {
  const auto number = static_cast<std::size_t>(server);
  if (number == of_servers_.size()) {
    of_servers_.push_back(address);  // its first
  } else {
    listeners_.at(static_cast<std::size_t>(of_servers_.at(number))) = kNobody;
    of_servers_.at(number) = address;
  }
  listeners_.at(static_cast<std::size_t>(address)) = server;
}

void FakeAddresses::set_off(int server, bool is_off) {
  if (is_off) {
    off_.insert(server);
  } else {
    off_.erase(server);
  }
}

}  // namespace zklock::internal
