// Falls asleep with a lock held, between two statements, and looks what has become of it when it is
// woken up.
//
//   sleeper <address> <path> <session timeout in ms> [<TTL in ms> [awake]]
//
// It says on standard output, a line each: "holds <fencing token>"; then it stops itself until
// somebody continues it (SIGCONT), or stays awake without unlocking; then "valid" or "not valid",
// whether `lost()` told it, and what `unlock` said.
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <system_error>
#include <vector>

namespace {

using namespace std::chrono_literals;

void say(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// False: not in time.
bool is_told(const std::stop_token& lost) {
  std::mutex mutex;
  std::condition_variable told;
  const std::stop_callback callback(lost, [&] {
    const std::scoped_lock lock(mutex);
    told.notify_all();
  });
  std::unique_lock lock(mutex);
  return told.wait_for(lock, 30s, [&] { return lost.stop_requested(); });
}

void run(const std::string& address, const std::string& path, std::chrono::milliseconds timeout,
         std::chrono::milliseconds ttl, bool is_awake) {
  zklock::ZooKeeperLock lock(
      {.address = address, .path = path, .ttl = ttl, .client = {.session_timeout = timeout}});
  const zklock::Lease lease = lock.lock(zklock::Context().with_timeout(30s));
  say("holds " + std::to_string(lease.fencing_token()));
  if (!is_awake) std::raise(SIGSTOP);
  const bool is_valid = lease.valid();  // before any other thread can have heard anything
  say(is_valid ? "valid" : "not valid");
  say(is_told(lease.lost()) ? "lost: " + lease.loss_reason().message() : "not told");
  say(lease.valid() ? "still valid" : "not valid any more");
  std::error_code error;
  lock.unlock(lease, zklock::Context().with_timeout(30s), error);
  say("unlock: " + error.message());
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3 || arguments.size() > 5) return 2;
  const int ttl = arguments.size() > 3 ? std::stoi(arguments[3]) : 0;
  try {
    run(arguments[0], arguments[1], std::chrono::milliseconds(std::stoi(arguments[2])),
        std::chrono::milliseconds(ttl), arguments.size() > 4);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
