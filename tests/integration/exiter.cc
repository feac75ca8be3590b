// Exits while it holds locks, in ways that once kept a process from ending.
//
//   exiter <address> <path> <how>
//
// Says "holding" when it holds its locks, and returns from main at the next line of its input.
#include <fcntl.h>
#include <unistd.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <iostream>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/soon.h"

namespace {

using zklock::Lease;
using zklock::ZooKeeperLock;
using zklock::ZooKeeperLockConfig;
using zklock::test::soon;

/// Never returns.
void block() { std::promise<void>().get_future().wait(); }

class StuckObserver final : public zklock::LockObserver {
 public:
  void on_lost(const Lease&) override { block(); }
};

class StuckLogger final : public zklock::Logger {
 public:
  void log(zklock::LogLevel, std::string_view) override { block(); }
};

/// Standard error becomes a pipe that is full, and that nobody reads.
void stop_reading_standard_error() {
  int ends[2];
  if (::pipe(ends) != 0) std::abort();
  ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
  const std::string block(4096, 'x');
  while (::write(ends[1], block.data(), block.size()) > 0) {
  }
  ::fcntl(ends[1], F_SETFL, 0);
  ::dup2(ends[1], STDERR_FILENO);
}

struct Held {
  std::unique_ptr<ZooKeeperLock> lock;
  Lease lease;
};

/// Destroyed after everything else: the library is not in use yet when this is made.
std::shared_ptr<zklock::ZooKeeperClient> static_client;  // NOLINT(cert-err58-cpp): does not throw
std::vector<Held> static_locks;                          // NOLINT(cert-err58-cpp): does not throw

Held hold(ZooKeeperLockConfig config) {
  auto lock = std::make_unique<ZooKeeperLock>(std::move(config));
  Lease lease = lock->lock(soon());
  return {std::move(lock), std::move(lease)};
}

/// Says so if the call is refused.
template <class Call>
void expect_refusal(const char* of, const Call& call) {
  try {
    call();
  } catch (const zklock::LockError& error) {
    std::printf("%s: %s\n", of, error.cause().message().c_str());
    std::fflush(stdout);
  }
}

/// Connects, and locks, on another thread when static objects are destroyed. What is not refused
/// stays until the process ends.
class Latecomer {
 public:
  Latecomer() = default;
  ~Latecomer() {
    if (address.empty()) return;
    std::thread([this] {
      expect_refusal("client", [this] {
        static_cast<void>(new std::shared_ptr<zklock::ZooKeeperClient>(zklock::connect(address)));
      });
      expect_refusal("lock", [this] {
        static_cast<void>(new Held(hold({.address = address, .path = path})));
      });
    }).join();
  }
  Latecomer(const Latecomer&) = delete;
  Latecomer& operator=(const Latecomer&) = delete;

  std::string address{};
  std::string path{};
};

Latecomer latecomer;  // NOLINT(cert-err58-cpp): does not throw

/// Locks with a client of their own each.
std::vector<Held> hold_many(const std::string& address, const std::string& path) {
  constexpr int kLocks = 12;
  std::vector<Held> all;
  for (int i = 0; i < kLocks; ++i) {
    all.push_back(hold({.address = address, .path = path + "/" + std::to_string(i)}));
  }
  return all;
}

void wait_to_be_told() {
  std::puts("holding");
  std::fflush(stdout);
  std::string line;
  std::getline(std::cin, line);
}

/// Locks and unlocks on a client that nobody destroys, on other threads, until the process ends.
void keep_threads_busy(const std::string& address, const std::string& path) {
  constexpr int kThreads = 8;
  const auto& client = *new std::shared_ptr<zklock::ZooKeeperClient>(zklock::connect(address));
  auto& lock = *new ZooKeeperLock({.path = path}, client);
  for (int i = 0; i < kThreads; ++i) {
    static_cast<void>(new std::thread([&lock] {
      std::error_code error;
      do {
        const Lease lease = lock.lock(soon(), error);
        if (!error) lock.unlock(lease, soon(), error);
      } while (error != zklock::Errc::locking_canceled);
      block();  // the process ends
    }));
  }
}

/// What can keep an exit waiting.
ZooKeeperLockConfig config_for(const std::string& address, const std::string& path,
                               const std::string& how) {
  ZooKeeperLockConfig config{.address = address, .path = path};
  if (how == "stuck-hook" || how == "stuck-logger") {
    config.observer = std::make_shared<StuckObserver>();
  }
  if (how == "stuck-logger") config.client.logger = std::make_shared<StuckLogger>();
  if (how == "stuck-stderr") {
    stop_reading_standard_error();
    config.client.logger = zklock::stderr_logger(zklock::LogLevel::debug);
  }
  return config;
}

void run(const std::string& address, const std::string& path, const std::string& how) {
  std::vector<Held> local;
  if (how == "plain") {
    local.push_back(hold(config_for(address, path, how)));
  } else if (how == "leaked") {
    static_cast<void>(new Held(hold(config_for(address, path, how))));  // the exit ends it
  } else if (how == "many") {
    local = hold_many(address, path);
  } else if (how == "many-static") {
    static_locks = hold_many(address, path);
  } else if (how == "busy") {
    keep_threads_busy(address, path);
  } else if (how == "static-client") {
    static_client = zklock::connect(address);
    auto lock = std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = path}, static_client);
    Lease lease = lock->lock(soon());
    static_locks.push_back({std::move(lock), std::move(lease)});
  } else if (how == "latecomer") {
    local.push_back(hold(config_for(address, path, how)));
    latecomer.address = address;
    latecomer.path = path;
  } else {
    static_locks.push_back(hold(config_for(address, path, how)));
  }
  if (how == "stuck-callback") {
    // Never destroyed: that would wait for the callback.
    static_cast<void>(new std::stop_callback(static_locks.back().lease.lost(), block));
  }
  wait_to_be_told();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 3) return 2;
  try {
    run(arguments[0], arguments[1], arguments[2]);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
