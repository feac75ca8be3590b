// Forks while it holds a lock: the child tries what it inherited, destroys it and exits, all of
// which must be refused, and leave the parent's session and lock alone.
//
//   forker <address> <path>
//
// Exit status 0: it was so. Otherwise standard error says what was not.
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/advanced/claim_client.h>
#include <zklock/zookeeper_lock.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "support/soon.h"

namespace {

using namespace std::chrono_literals;
using zklock::Errc;
using zklock::ZooKeeperErrc;
using zklock::test::soon;

int failures = 0;

void expect(bool condition, const std::string& what) {
  if (condition) return;
  ++failures;
  std::fprintf(stderr, "%s (process %d)\n", what.c_str(), static_cast<int>(::getpid()));
}

/// In the child: calls that need the network say that they are not for it, at once.
void expect_refusals(zklock::ZooKeeperLock& lock, const zklock::Lease& lease,
                     zklock::ClaimClient& client) {
  const std::string path = "/zklock";
  const auto is_refused = [](const auto& result) {
    return result.error() == ZooKeeperErrc::forked;
  };
  expect(is_refused(client.get(path, soon())), "get");
  expect(is_refused(client.get_and_watch(path, nullptr, soon())), "get_and_watch");
  expect(is_refused(client.set(path, "", -1, soon())), "set");
  expect(is_refused(client.create(path, "", zklock::Acl::open(), soon())), "create");
  expect(is_refused(client.remove(path, -1, soon())), "remove");
  expect(is_refused(client.check(path, -1, soon())), "check");
  expect(is_refused(client.children(path, soon())), "children");
  expect(is_refused(client.enqueue({.directory = path}, soon())), "enqueue");
  expect(is_refused(client.create_protected_ephemeral_sequential(path + "/lock-", "",
                                                                 zklock::Acl::open(), soon())),
         "create_protected_ephemeral_sequential");
  expect(is_refused(client.close(soon())), "close");
  expect(!lease.valid(), "valid in the child");
  client.remove_in_background(lease.znode());
  client.watch_in_background(lease.znode(), nullptr);

  std::error_code error;
  lock.lock(soon(), error);
  expect(error == Errc::locking_failed, "lock: " + error.message());
  lease.verify(soon(), error);
  expect(error == Errc::locking_failed || error == Errc::lock_lost, "verify: " + error.message());
  lock.unlock(lease, soon(), error);
  expect(error == Errc::unlocking_failed || error == Errc::lock_lost, "unlock: " + error.message());
  try {
    static_cast<void>(lock.entries(soon()));
    expect(false, "entries");
  } catch (const zklock::LockError& thrown) {
    expect(thrown.code() == Errc::locking_failed && thrown.cause() == ZooKeeperErrc::forked,
           std::string("entries: ") + thrown.what());
  }
}

int run(const std::string& address, const std::string& path) {
  auto client = std::dynamic_pointer_cast<zklock::ClaimClient>(zklock::connect(address));
  auto lock = std::make_unique<zklock::ZooKeeperLock>(
      zklock::ZooKeeperLockConfig{.path = path, .ttl = 60s}, client);
  // This one has its own connection, and is destroyed by the child without having been used.
  auto other = std::make_unique<zklock::ZooKeeperLock>(
      zklock::ZooKeeperLockConfig{.address = address, .path = path + "/other"});
  const zklock::Lease other_lease = other->lock(soon());
  const zklock::Lease lease = lock->lock(soon());

  const pid_t child = ::fork();
  if (child == 0) {
    expect_refusals(*lock, lease, *client);
    lock.reset();
    client.reset();
    other.reset();
    return failures;  // and through exit(), with all that runs then
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  expect(status == 0, "the child ended with status " + std::to_string(status));

  expect(lease.valid() && other_lease.valid(), "valid");
  std::error_code error;
  lease.verify(soon(), error);
  expect(!error, "verify: " + error.message());
  other_lease.verify(soon(), error);
  expect(!error, "verify of the other lease: " + error.message());
  lock->unlock(lease, soon(), error);
  expect(!error, "unlock: " + error.message());
  expect(static_cast<bool>(lock->lock(soon(), error)), "lock: " + error.message());
  return failures;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 2) return 2;
  try {
    return run(arguments[0], arguments[1]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
