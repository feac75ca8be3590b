// Holds locks and does nothing else: one each for so many sessions, as so many services would.
//
//   idle_holders <address> <holders> <first number> <session timeout in ms>
//
// Prints "holding" when all are held, and ends when its standard input does. Exit status 1: a lease
// was lost meanwhile.
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

int main(int argc, char** argv) try {
  if (argc != 5) {
    std::cerr << "usage: idle_holders <address> <holders> <first number> <session timeout in ms>\n";
    return 64;
  }
  const std::string address = argv[1];
  const int holders = std::stoi(argv[2]);
  const int first = std::stoi(argv[3]);
  zklock::ClientOptions client;
  client.session_timeout = std::chrono::milliseconds(std::stoi(argv[4]));
  client.connect_timeout = std::chrono::minutes(2);

  std::vector<std::pair<std::unique_ptr<zklock::ZooKeeperLock>, zklock::Lease>> held;
  for (int i = 0; i < holders; ++i) {
    const std::string path = "/idle/" + std::to_string(first + i);
    auto lock = std::make_unique<zklock::ZooKeeperLock>(
        zklock::ZooKeeperLockConfig{.address = address, .path = path, .client = client});
    zklock::Lease lease = lock->lock(std::chrono::minutes(2));
    held.emplace_back(std::move(lock), std::move(lease));
  }
  std::cout << "holding" << std::endl;

  std::string line;
  while (std::getline(std::cin, line)) {
  }
  int lost = 0;
  for (const auto& [lock, lease] : held) lost += lease.valid() ? 0 : 1;
  if (lost > 0) std::cerr << lost << " of " << holders << " leases were lost\n";
  return lost > 0 ? 1 : 0;
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
