// A program that uses zklock as an installed library. It needs no server: it stops at the first
// mistake that the library finds in its configuration.
#include <zklock/context.h>
#include <zklock/error.h>
#include <zklock/version.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstring>
#include <iostream>

// What the library is built with stays inside.
#if defined(THREADED) || defined(ZOO_VERSION) || defined(NLOHMANN_JSON_VERSION_MAJOR) || \
    defined(DATE_H) || defined(GTEST_API_)
#error "zklock's headers or flags leak a private dependency"
#endif

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "--version") == 0) {
    std::cout << zklock::version() << '\n';
    return 0;
  }
  try {
    const zklock::Context context = zklock::Context().with_timeout(std::chrono::seconds(1));
    zklock::ZooKeeperLock lock({.address = "localhost:2181", .path = ""});
    lock.lock(context);
    std::cerr << "an empty path was accepted\n";
  } catch (const zklock::LockError& error) {
    std::cout << error.what() << '\n';
    return error.code() == zklock::Errc::invalid_config ? 0 : 1;
  }
  return 1;
}
