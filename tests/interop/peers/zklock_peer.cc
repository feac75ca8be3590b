// Our own among the peers: does what it reads, as interop/peer.h says.
//
//   zklock_peer <address> <session timeout in ms> <TTL in ms> [<further claim marker>...]
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <iostream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;

zklock::Context soon() { return zklock::Context().with_timeout(120s); }

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());  // one call, not torn
  std::fflush(stdout);
}

void add_one(const std::filesystem::path& directory, const std::string& claim) {
  std::FILE* held = std::fopen((directory / "held").c_str(), "wx");
  if (held == nullptr) throw std::runtime_error("somebody else holds the lock");
  std::fclose(held);
  long counter = 0;
  std::ifstream(directory / "counter") >> counter;
  std::ofstream(directory / "grants", std::ios::app) << claim << '\n';
  std::ofstream(directory / "counter") << counter + 1 << '\n';
  std::filesystem::remove(directory / "held");
}

/// Each contender has a session and a thread of its own.
class PeerProgram {
 public:
  PeerProgram(std::string address, std::chrono::milliseconds session_timeout,
              std::chrono::milliseconds ttl, std::vector<std::string> markers)
      : address_(std::move(address)),
        session_timeout_(session_timeout),
        ttl_(ttl),
        markers_(std::move(markers)) {}

  /// Does what standard input says, until it ends.
  void run() {
    for (std::string line; std::getline(std::cin, line);) {
      std::string verb;
      std::string number;
      std::string path;
      std::istringstream words(line);
      words >> verb >> number >> path;
      if (verb == "lock") {
        start(number, [=, this, unlock = unlocks_[number].get_future().share()] {
          hold(number, path, unlock);
        });
      } else if (verb == "unlock") {
        unlocks_.at(number).set_value();
      } else if (verb == "count") {
        std::string directory;
        int times = 0;
        words >> directory >> times;
        start(number, [=, this] { count(number, path, directory, times); });
      } else {
        say(number + " failed: what is " + verb + "?");
      }
    }
  }

 private:
  void start(const std::string& number, const std::function<void()>& work) {
    running_.emplace_back([number, work] {
      try {
        work();
      } catch (const std::exception& error) {
        say(number + " failed: " + error.what());
      }
    });
  }

  void hold(const std::string& number, const std::string& path,
            const std::shared_future<void>& unlock) {
    zklock::ZooKeeperLock lock(config(path));
    const zklock::Lease lease = lock.lock(soon());
    say(number + " granted " + lease.znode());
    unlock.wait();
    lock.unlock(lease, soon());
    say(number + " released");
  }

  void count(const std::string& number, const std::string& path, const std::string& directory,
             int times) {
    zklock::ZooKeeperLock lock(config(path));
    for (int i = 0; i < times; ++i) {
      const zklock::Lease lease = lock.lock(soon());
      add_one(directory, lease.znode());
      lock.unlock(lease, soon());
    }
    say(number + " counted");
  }

  [[nodiscard]] zklock::ZooKeeperLockConfig config(const std::string& path) const {
    return {.address = address_,
            .path = path,
            .ttl = ttl_,
            .client = {.session_timeout = session_timeout_},
            .further_claim_markers = markers_};
  }

  const std::string address_;
  const std::chrono::milliseconds session_timeout_;
  const std::chrono::milliseconds ttl_;
  const std::vector<std::string> markers_;
  // Main thread only.
  std::map<std::string, std::promise<void>> unlocks_;
  std::vector<std::jthread> running_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) return 2;
  PeerProgram program(arguments[0], std::chrono::milliseconds(std::stoi(arguments[1])),
                      std::chrono::milliseconds(std::stoi(arguments[2])),
                      {arguments.begin() + 3, arguments.end()});
  program.run();
  std::_Exit(0);  // whatever the other threads do
}
