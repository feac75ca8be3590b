// Three ways to fail, and what the errors say. errors.md quotes it.
//
//   errors [address]
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>

using namespace std::chrono_literals;
using zklock::Context;
using zklock::Errc;

namespace {

// [readme: advice]
/// What a service can do about an error of the constructor, `lock` or `unlock`.
const char* advice(const zklock::LockError& error) {
  if (error.code() == Errc::locking_timed_out) return "somebody else holds it: try again later";
  if (error.code() == Errc::no_server_answered) return "look at the servers, and try again later";
  if (error.code() == Errc::locking_canceled) return "we are shutting down";
  if (error.code() == Errc::lock_lost) return "check what was written, and do it again";
  if (error.code() == Errc::unlocking_failed && error.cause()) {
    return "go on: the library removes the claim";
  }
  return "fix the program or the setup: trying again does not help";
}
// [readme-end]

void report(const char* what, const std::function<void()>& action) {
  try {
    action();
  } catch (const zklock::LockError& error) {
    // [readme: parts]
    std::cout << what << '\n'
              << "  code:   " << error.code().message() << '\n'
              << "  cause:  " << (error.cause() ? error.cause().message() : "none") << '\n'
              << "  what:   " << error.what() << '\n'
              << "  advice: " << advice(error) << '\n';
    // [readme-end]
  }
}

}  // namespace

int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";

  report("a path that cannot be one", [address] {
    const zklock::ZooKeeperLock lock({.address = address, .path = "/my//locks"});
  });

  zklock::ZooKeeperLock lock({.address = address, .path = "/examples/errors"});
  const zklock::LockGuard guard(lock);
  report("a lock that is held", [&lock] { lock.lock(Context().with_timeout(500ms)); });

  report("an unlock of nothing", [address] {
    zklock::ZooKeeperLock another({.address = address, .path = "/examples/errors"});
    another.unlock(Context().with_timeout(500ms));
  });
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
