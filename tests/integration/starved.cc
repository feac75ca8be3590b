// Uses the library while the system has hardly any thread to spare.
//
//   starved connect <address> <path> <spare>   with so many threads: it locks, or gets a LockError
//   starved hold <address> <path> <spare>      the limit comes while it holds a lock
//
// "hold" says "holding", "lost" (with the reason), and, once a line of its input has lifted the
// limit, "locked". Exit status 0: all went as the headers say. It takes a user id of its own, as
// the limit counts all processes of a user; so it needs root.
#include <sys/resource.h>
#include <unistd.h>
#include <zklock/zookeeper_lock.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <future>
#include <iostream>
#include <iterator>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

#include "support/soon.h"

namespace {

using namespace std::chrono_literals;
using zklock::Lease;
using zklock::ZooKeeperLock;
using zklock::test::soon;

void say(const std::string& text) {
  std::puts(text.c_str());
  std::fflush(stdout);
}

rlim_t threads() {
  const std::filesystem::directory_iterator entries("/proc/self/task");
  return static_cast<rlim_t>(std::distance(begin(entries), end(entries)));
}

void limit_threads(rlim_t most) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NPROC, &limit);
  limit.rlim_cur = most == 0 ? limit.rlim_max : most;
  if (::setrlimit(RLIMIT_NPROC, &limit) != 0)
    throw std::system_error(errno, std::generic_category());
}

void become_another_user() {
  const auto own = static_cast<uid_t>(100'000 + ::getpid());
  if (::setuid(own) != 0) throw std::system_error(errno, std::generic_category(), "setuid");
}

int connect(const std::string& address, const std::string& path, rlim_t spare) {
  limit_threads(threads() + spare);
  try {
    ZooKeeperLock lock({.address = address, .path = path, .client = {.connect_timeout = 500ms}});
    lock.unlock(lock.lock(soon()), soon());
    say("locked");
  } catch (const zklock::LockError& error) {
    say(std::string("LockError: ") + error.what());
  }
  // Once there are threads again, it works.
  limit_threads(0);
  ZooKeeperLock lock({.address = address, .path = path});
  lock.unlock(lock.lock(soon()), soon());
  return 0;
}

int hold(const std::string& address, const std::string& path, rlim_t spare) {
  ZooKeeperLock lock({.address = address, .path = path, .client = {.session_timeout = 1s}});
  const Lease lease = lock.lock(soon());
  std::promise<void> lost;
  const std::stop_callback on_lost(lease.lost(), [&] { lost.set_value(); });
  limit_threads(threads() + spare);
  say("holding");
  // There is no thread for the callback of the loss either. It runs when there is one.
  std::string line;
  std::getline(std::cin, line);
  if (lease.valid()) throw std::logic_error("still valid");
  limit_threads(0);
  lost.get_future().wait();
  say("lost: " + lease.loss_reason().message());
  lock.unlock(lock.lock(soon()), soon());
  say("locked");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 4) return 2;
  try {
    become_another_user();
    const auto spare = static_cast<rlim_t>(std::stoul(arguments[3]));
    return arguments[0] == "hold" ? hold(arguments[1], arguments[2], spare)
                                  : connect(arguments[1], arguments[2], spare);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
