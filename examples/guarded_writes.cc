// Writes to ZooKeeper that are done only while the lock is held. guarded-writes.md quotes it.
//
//   guarded_writes [address]
#include <zklock/guarded_write.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <system_error>

using namespace std::chrono_literals;
using zklock::Context;
using zklock::Errc;

namespace {

const std::string kCursor = "/examples-nightly/cursor";

Context soon() { return Context().with_timeout(10s); }

/// Creates what is missing.
void set_up(zklock::ZooKeeperClient& client) {
  for (const char* path : {"/examples-nightly", "/examples-nightly/cursor"}) {
    const auto created = client.create(path, "0", zklock::Acl::open(), soon());
    if (!created && created.error() != zklock::ZooKeeperErrc::node_exists) {
      throw std::system_error(created.error(), path);
    }
  }
}

void run_job(zklock::ZooKeeperClient& client, const zklock::Lease& lease) {
  // [readme: write]
  const zklock::Znode seen = client.get(kCursor, soon()).value();
  const std::string next = std::to_string(std::stoi(seen.data) + 1);

  zklock::GuardedWrite write(lease);
  write.set(kCursor, next, seen.stat.version);
  write.create("/examples-nightly/run-" + next, "all went well");
  write.commit(soon());  // both, or an exception
  // [readme-end]
  std::cout << "written" << std::endl;
}

/// What a service can do about an error of `commit`.
void report(const zklock::LockError& error) {
  // [readme: errors]
  if (error.code() == Errc::lock_lost) {
    std::cout << "too late: nothing was written";  // another holder does the work
  } else if (zklock::may_have_been_done(error.code())) {
    std::cout << "look at what is stored before writing it again";  // write_in_doubt
  } else {
    std::cout << error.what();  // nothing was written; it names the operation
  }
  // [readme-end]
  std::cout << std::endl;
}

}  // namespace

int main(int argc, char** argv) try {
  const auto client = zklock::connect(argc > 1 ? argv[1] : "localhost:2181");
  set_up(*client);
  zklock::ZooKeeperLock lock({.path = "/examples/nightly"}, client);
  const zklock::LockGuard guard(lock, 10s);
  run_job(*client, guard.lease());

  // As if this process had been frozen, and the servers had ended its session.
  static_cast<void>(
      client->remove(guard.lease().znode(), zklock::ZooKeeperClient::kAnyVersion, soon()));
  run_job(*client, guard.lease());
} catch (const zklock::LockError& error) {
  report(error);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
