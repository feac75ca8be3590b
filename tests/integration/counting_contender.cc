// One of several processes that contend for a lock: counts in a file, as whoever holds the lock
// may.
//
//   contender <address> <path> <directory> <instances> <threads of each> <acquisitions of each>
//
// In <directory>, "counter" has a number, and "grants" a line for each grant: its claim's sequence
// number and fencing token. Nothing but the lock protects the two.
#include <zklock/zookeeper_lock.h>

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;

void count(const std::filesystem::path& directory, const zklock::Lease& lease) {
  long counter = 0;
  std::ifstream(directory / "counter") >> counter;
  std::ofstream(directory / "grants", std::ios::app)
      << zklock::sequence_number(lease.znode()) << ' ' << lease.fencing_token() << '\n';
  std::ofstream(directory / "counter") << counter + 1 << '\n';
}

void contend(zklock::Lock& lock, const std::filesystem::path& directory, int acquisitions) {
  for (int i = 0; i < acquisitions; ++i) {
    const zklock::Lease lease = lock.lock(zklock::Context().with_timeout(120s));
    count(directory, lease);
    lock.unlock(lease, zklock::Context().with_timeout(30s));
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 6) return 2;
  const int instances = std::stoi(arguments[3]);
  const int threads = std::stoi(arguments[4]);
  const int acquisitions = std::stoi(arguments[5]);

  std::vector<std::unique_ptr<zklock::ZooKeeperLock>> locks;
  std::vector<std::jthread> running;
  for (int instance = 0; instance < instances; ++instance) {
    locks.push_back(std::make_unique<zklock::ZooKeeperLock>(
        zklock::ZooKeeperLockConfig{.address = arguments[0], .path = arguments[1]}));
    for (int thread = 0; thread < threads; ++thread) {
      running.emplace_back([&lock = *locks.back(), &arguments, acquisitions] {
        try {
          contend(lock, arguments[2], acquisitions);
        } catch (const std::exception& error) {
          std::fprintf(stderr, "%s\n", error.what());
          std::_Exit(1);
        }
      });
    }
  }
  running.clear();  // joins
  return 0;
}
