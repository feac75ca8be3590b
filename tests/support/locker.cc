// The other process of the tests that need one: locks on request, and reports.
//
//   locker <address> <session timeout in ms> <TTL in ms> [<further claim marker>...]
//
// Commands come on standard input, answers go to standard output, a line each. It does not wait for
// the answer to one command before it reads the next, and ends when its input does. "lock",
// "unlock" and "count" are described in interop/peer.h; this one can do more:
//
//     count NUMBER PATH DIRECTORY TIMES THREADS
//         As many threads share one lock, and each counts so often. The fencing tokens are added to
//         DIRECTORY/tokens.
//     outlast NUMBER PATH [frozen]
//         Locks, answers "NUMBER holds TOKEN", and keeps the lock until it is lost. If "frozen",
//         the process first stops itself until somebody continues it (SIGCONT). Then it answers
//         "NUMBER valid" or "NUMBER not valid", "NUMBER lost: REASON" or "NUMBER not lost",
//         "NUMBER still valid" or "NUMBER not valid any more", and "NUMBER unlock: RESULT".
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <chrono>
#include <csignal>
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
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/is_stopped.h"

namespace {

using namespace std::chrono_literals;

zklock::Context soon() { return zklock::Context().with_timeout(120s); }

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());  // one call, not torn
  std::fflush(stdout);
}

void add_one(const std::filesystem::path& directory, const zklock::Lease& lease) {
  std::FILE* held = std::fopen((directory / "held").c_str(), "wx");
  if (held == nullptr) throw std::runtime_error("somebody else holds the lock");
  std::fclose(held);
  long counter = 0;
  std::ifstream(directory / "counter") >> counter;
  std::ofstream(directory / "grants", std::ios::app) << lease.znode() << '\n';
  std::ofstream(directory / "tokens", std::ios::app) << lease.fencing_token() << '\n';
  std::ofstream(directory / "counter") << counter + 1 << '\n';
  std::filesystem::remove(directory / "held");
}

/// Each contender has a session and a thread of its own.
class Locker {
 public:
  Locker(std::string address, std::chrono::milliseconds session_timeout,
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
        int threads = 1;
        words >> directory >> times;
        if (!(words >> threads)) threads = 1;
        start(number, [=, this] { count(number, path, directory, times, threads); });
      } else if (verb == "outlast") {
        std::string frozen;
        words >> frozen;
        start(number, [=, this] { outlast(number, path, frozen == "frozen"); });
      } else {
        say(number + " failed: what is " + verb + "?");
      }
    }
  }

 private:
  static void run(const std::string& number, const std::function<void()>& work) {
    try {
      work();
    } catch (const std::exception& error) {
      say(number + " failed: " + error.what());
    }
  }
  void start(const std::string& number, const std::function<void()>& work) {
    running_.emplace_back([number, work] { run(number, work); });
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
             int times, int threads) {
    zklock::ZooKeeperLock lock(config(path));
    std::atomic<int> counted{0};
    {
      std::vector<std::jthread> counting;
      for (int thread = 0; thread < threads; ++thread) {
        counting.emplace_back([&] {
          run(number, [&] {
            for (int i = 0; i < times; ++i) {
              const zklock::Lease lease = lock.lock(soon());
              add_one(directory, lease);
              lock.unlock(lease, soon());
            }
            ++counted;
          });
        });
      }
    }
    if (counted == threads) say(number + " counted");
  }

  void outlast(const std::string& number, const std::string& path, bool is_frozen) {
    zklock::ZooKeeperLock lock(config(path));
    const zklock::Lease lease = lock.lock(soon());
    say(number + " holds " + std::to_string(lease.fencing_token()));
    if (is_frozen) std::raise(SIGSTOP);
    const bool is_valid = lease.valid();  // before any other thread can notice anything
    say(number + (is_valid ? " valid" : " not valid"));
    say(number + (zklock::test::is_stopped(lease.lost()) ? " lost: " + lease.loss_reason().message()
                                                         : " not lost"));
    say(number + (lease.valid() ? " still valid" : " not valid any more"));
    std::error_code error;
    lock.unlock(lease, soon(), error);
    say(number + " unlock: " + error.message());
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
  Locker locker(arguments[0], std::chrono::milliseconds(std::stoi(arguments[1])),
                std::chrono::milliseconds(std::stoi(arguments[2])),
                {arguments.begin() + 3, arguments.end()});
  locker.run();
  std::_Exit(0);  // whatever the other threads do
}
