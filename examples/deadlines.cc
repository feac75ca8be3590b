// Deadlines, cancelling and owners, in one process. deadlines.md quotes it.
//
//   deadlines [address]
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <stop_token>
#include <system_error>
#include <thread>

using namespace std::chrono_literals;
using zklock::Context;
using zklock::Errc;

int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock(
      {.address = address, .path = "/examples/deadlines", .owner_key = "request"});
  std::error_code error;

  // [readme: owners]
  const Context request_1 = Context().with_value("request", "1");
  const Context request_2 = Context().with_value("request", "2");

  lock.lock(request_1.with_timeout(10s));
  lock.lock(request_1, error);  // at once: it would wait for itself
  if (error == Errc::already_own_lock) std::cout << "request 1 has the lock already\n";
  lock.unlock(request_2, error);
  if (error == Errc::not_lock_owner) std::cout << "request 2 cannot unlock it\n";
  // [readme-end]

  // [readme: deadline]
  lock.lock(request_2.with_timeout(500ms), error);
  if (error == Errc::locking_timed_out) std::cout << "request 2 gave up waiting\n";
  // [readme-end]

  // [readme: cancel]
  std::stop_source shutdown;
  const std::jthread operator_thread([&shutdown] {
    std::this_thread::sleep_for(200ms);
    shutdown.request_stop();
  });
  lock.lock(request_2.with_stop_token(shutdown.get_token()), error);
  if (error == Errc::locking_canceled) std::cout << "request 2 was cancelled\n";
  // [readme-end]

  lock.unlock(request_1.with_timeout(5s));
  std::cout << "request 1 has released the lock\n";
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
