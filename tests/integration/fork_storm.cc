// Forks again and again while other threads are busy in the library: no child may hang, whatever
// these threads held at that moment.
//
//   fork_storm <address> <path> <children>
//
// Exit status 0: all children have ended well. Otherwise standard error says which have not.
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/libzookeeper_client.h>
#include <zklock/zookeeper_lock.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "support/soon.h"

namespace {

using namespace std::chrono_literals;
using zklock::Lease;
using zklock::ZooKeeperErrc;
using zklock::ZooKeeperLock;
using zklock::ZooKeeperLockConfig;
using zklock::test::soon;

constexpr unsigned kPatience = 20;   // seconds; a child that takes longer hangs
constexpr int kAtATime = 4;          // children
constexpr int kNewLockEach = 25;     // children
constexpr int kEndsWithoutExit = 3;  // of so many, one calls _exit

// ThreadSanitizer ends a child of a process with threads when the child begins a thread. Its option
// die_after_fork=0 does not help: it then crashes now and then in the new thread.
#ifdef ZKLOCK_THREAD_SANITIZED
constexpr bool kChildrenMayHaveThreads = false;
#else
constexpr bool kChildrenMayHaveThreads = true;
#endif

/// What the children inherit. Static: `exit` in a child destroys it.
struct Inherited {
  std::string address{};
  std::string path{};
  std::shared_ptr<zklock::ZooKeeperClient> client{};
  std::unique_ptr<ZooKeeperLock> lock{};
  std::unique_ptr<ZooKeeperLock> other{};  // with a connection of its own
  Lease lease{};                           // of `other`
};
std::unique_ptr<Inherited> inherited;  // NOLINT(cert-err58-cpp): does not throw

enum class Connecting { yes, no };

/// Threads that never leave the library for long.
class Busy {
 public:
  explicit Busy(Connecting connecting) {
    add([] {
      std::error_code error;
      const Lease lease = inherited->lock->lock(soon(), error);
      if (!error) inherited->lock->unlock(lease, soon(), error);
    });
    add([] {
      static_cast<void>(inherited->lock->lease().valid());
      static_cast<void>(inherited->lock->owner());
      static_cast<void>(inherited->lease.valid_until());
      static_cast<void>(inherited->lease.owner());
    });
    add([] { static_cast<void>(inherited->lock->entries(soon())); });
    add([] {
      ZooKeeperLock lock({.path = inherited->path + "/c"}, inherited->client);
      const std::stop_callback callback(lock.lock(soon()).lost(), [] {});
    });
    if (connecting == Connecting::yes) {
      add([] { const auto client = zklock::connect(inherited->address); });
    }
  }
  ~Busy() {
    stop_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;

 private:
  template <class Work>
  void add(const Work& work) {
    threads_.emplace_back([this, work] {
      while (!stop_) work();
    });
  }

  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

/// Ends the child if the call is not refused.
template <class Call>
void expect_refusal(int number, const Call& call) {
  try {
    call();
  } catch (const zklock::LockError& error) {
    if (error.cause() == ZooKeeperErrc::forked) return;
  }
  std::_Exit(number);
}

void use_what_is_inherited() {
  ZooKeeperLock& lock = *inherited->lock;
  expect_refusal(101, [&] { lock.lock(soon()); });
  expect_refusal(102, [&] { lock.unlock(soon()); });
  expect_refusal(103, [&] { lock.unlock(inherited->lease, soon()); });
  expect_refusal(104, [&] { static_cast<void>(lock.entries(soon())); });
  expect_refusal(105, [&] { lock.set_owner("x"); });
  expect_refusal(106, [&] { static_cast<void>(lock.try_lock()); });
  expect_refusal(107, [&] { inherited->lease.verify(soon()); });
  expect_refusal(108, [&] { inherited->lease.renew(soon()); });
  if (inherited->lease.valid() || lock.lease() || !lock.owner().empty()) std::_Exit(109);
  static_cast<void>(inherited->lease.valid_until());
  static_cast<void>(inherited->lease.owner());
  static_cast<void>(inherited->lease.loss_reason());
  if (inherited->client->get("/", soon()).error() != ZooKeeperErrc::forked) std::_Exit(110);
  if (inherited->client->get_and_watch("/", nullptr, soon()).error() != ZooKeeperErrc::forked) {
    std::_Exit(111);
  }
  if (inherited->client->close(soon()).error() != ZooKeeperErrc::forked) std::_Exit(112);
}

/// A child is a process as any other: it may have locks of its own.
void use_a_lock_of_its_own(int number) {
  ZooKeeperLock lock({.address = inherited->address,
                      .path = inherited->path + "/child-" + std::to_string(number)});
  lock.unlock(lock.lock(soon()), soon());
}

[[noreturn]] void run_child(int number, Connecting parent) {
  ::alarm(kPatience);
  try {
    use_what_is_inherited();
    // glibc's getaddrinfo does not bear to be forked in the middle (src/README.md).
    if (kChildrenMayHaveThreads && parent == Connecting::no && number % kNewLockEach == 0) {
      use_a_lock_of_its_own(number);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "child %d: %s\n", number, error.what());
    std::_Exit(120);
  }
  if (number % kEndsWithoutExit == 0) {
    inherited.reset();
    std::_Exit(0);
  }
  std::exit(0);  // destroys what is static, and runs what the library does at exit
}

/// Waits for one child. Returns whether it ended well.
bool reap() {
  int status = 0;
  const pid_t child = ::waitpid(-1, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
  std::fprintf(stderr, "child %d %s %d\n", static_cast<int>(child),
               WIFSIGNALED(status) ? "was killed by signal" : "ended with status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
  return false;
}

/// Returns how many children ended badly.
int fork_children(int children, Connecting connecting) {
  const Busy busy(connecting);
  int bad = 0;
  int running = 0;
  for (int number = 1; number <= children; ++number) {
    if (running == kAtATime) {
      if (!reap()) ++bad;
      --running;
    }
    if (::fork() == 0) run_child(number, connecting);
    ++running;
  }
  for (; running > 0; --running) {
    if (!reap()) ++bad;
  }
  return bad;
}

int run(const std::string& address, const std::string& path, int children) {
  inherited = std::make_unique<Inherited>(Inherited{.address = address, .path = path});
  inherited->client = zklock::connect(address);
  inherited->lock =
      std::make_unique<ZooKeeperLock>(ZooKeeperLockConfig{.path = path + "/a"}, inherited->client);
  inherited->other = std::make_unique<ZooKeeperLock>(
      ZooKeeperLockConfig{.address = address, .path = path + "/b", .ttl = 1h});
  inherited->lease = inherited->other->lock(soon());
  int bad = fork_children(children / 2, Connecting::yes);
  bad += fork_children(children / 2, Connecting::no);
  if (!inherited->lease.valid()) ++bad;
  inherited.reset();
  std::printf("%d of %d children ended badly\n", bad, children);
  return bad == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 3) return 2;
  try {
    return run(arguments[0], arguments[1], std::stoi(arguments[2]));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
