// zklock/testing/fake_zookeeper.h: a ZooKeeper ensemble in memory and in virtual time, for the
// tests of a service. Target zklock::fake; no test framework.
//
//     zklock::testing::FakeZooKeeper zookeeper;
//     const auto our_client = zookeeper.connect();
//     zklock::ZooKeeperLock ours({.path = "/locks"}, our_client);
//     zklock::ZooKeeperLock theirs({.path = "/locks"}, zookeeper.connect());
//
//     const zklock::Lease lease = ours.lock();
//     theirs.lock(zklock::Context().with_timeout(3s), error);  // times out, in no time
//     zookeeper.expire_session(our_client);                    // lease.lost() requests stop
//
// The fake replaces the servers and the network. Everything else (sessions, lost answers, watches,
// removals) is the code that runs in production. The same tests run on the fake and on real
// servers. The fake has no chroots, no znodes of the servers' own (/zookeeper), and does not check
// identities. All clients come from 127.0.0.1; an ACL of scheme "ip" names one address.
#ifndef ZKLOCK_TESTING_FAKE_ZOOKEEPER_H_
#define ZKLOCK_TESTING_FAKE_ZOOKEEPER_H_

#include <zklock/client_options.h>
#include <zklock/error.h>
#include <zklock/zookeeper_client.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace zklock::testing {

/// How to make the ensemble. Every member has a default.
struct FakeOptions {
  int servers = 1;                             // the first one leads
  std::chrono::milliseconds tick_time{2'000};  // ZooKeeper's tickTime
  std::chrono::nanoseconds latency{0};         // of each message between a client and its server
  std::chrono::nanoseconds jitter{0};          // a random addition of at most this
};

class FakeMachine;

/// While a FakeZooKeeper exists, the clocks of the library stand still, and only it moves them. So
/// there can be one at a time in a process. While the thread that made it waits in the library (in
/// a `lock` that has to wait, or a destructor that cannot reach a server), and everything else
/// waits too, time jumps to the next event: such a wait takes no real time, and ends at its
/// deadline. Make it before the clients and locks that use it, and destroy it after them.
///
/// Unless stated otherwise, a call returns when the library has finished its reactions at this
/// time. Servers are numbered from 0. A number, client or machine that does not belong to this
/// ensemble: std::out_of_range. Calls throw std::runtime_error if a thread of the library runs for
/// ten seconds of real time: probably a callback of the test waits for the test.
///
/// Thread safety: all members may be called from any thread, except from callbacks of the library.
class FakeZooKeeper {
 public:
  using Client = std::shared_ptr<ZooKeeperClient>;

  /// Throws std::invalid_argument for impossible options, std::logic_error if another one exists.
  explicit FakeZooKeeper(const FakeOptions& options = {});
  /// REQUIRES: all clients, locks and leases (which keep their clients) are destroyed. Aborts the
  /// process otherwise.
  ~FakeZooKeeper();
  FakeZooKeeper(const FakeZooKeeper&) = delete;
  FakeZooKeeper& operator=(const FakeZooKeeper&) = delete;

  /// A client with a session of its own. Lets time pass until it has one. Believes the identities
  /// of `options.auth`: of "digest", the name counts. Throws as zklock::connect does.
  [[nodiscard]] Client connect(const ClientOptions& options = {});
  /// The same, but the client tries this server first.
  [[nodiscard]] Client connect_to(int server, const ClientOptions& options = {});

  /// Runs `body` on another thread. Time stands still while that thread does not wait in the
  /// library. Waiting for the future does not move time: see `advance`. The destructor waits for
  /// the thread.
  template <class Body>
  [[nodiscard]] std::future<std::invoke_result_t<Body>> in_background(Body body) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Body>()>>(std::move(body));
    std::future<std::invoke_result_t<Body>> result = task->get_future();
    start_thread([task] { (*task)(); });
    return result;
  }

  // --- Time.

  /// Lets time pass. Everything that is due in it happens, in order, before this returns.
  void advance(std::chrono::nanoseconds time);
  /// Returns when the library has done everything that it can do at this time.
  void settle();
  /// From now on, time also passes automatically while any other thread of the test waits in the
  /// library, whatever the test does between its calls. Tests of several threads should prefer
  /// `advance`.
  void let_time_pass(bool on = true);
  /// Sets the wall clock of the test's machine forward or back.
  void step_wall_clock(std::chrono::nanoseconds step);

  // --- Machines.

  /// A machine with clocks of its own, for other clients. It is made at the first call with its
  /// name. Everything else runs on the test's machine, "localhost".
  [[nodiscard]] FakeMachine& machine(const std::string& host);

  // --- What goes wrong with requests.

  enum class Operation { any, create, remove, set, check, get, children, multi };

  /// The servers carry out the next such request (of this client, if one is given), but its
  /// connection breaks before the answer.
  void lose_next_answer(Operation operation, const Client& client = nullptr);
  /// The next such requests (of any client) do nothing, and fail with this error of a server
  /// (`throttled`, `no_auth`, ...). Errors of connections and sessions: std::invalid_argument.
  void fail_next(Operation operation, ZooKeeperErrc error, int times = 1);
  /// Delays the events of watches, and everything behind them on their connection.
  void delay_watches(std::chrono::nanoseconds delay);

  // --- What goes wrong with clients.

  /// The servers end the session (std::system_error if they have no quorum). A connected client
  /// first receives the events of its watches; real servers may hang up before they send them. It
  /// learns the end of the session when it is connected again.
  void expire_session(const Client& client);
  /// The connection breaks. The client makes another one as soon as it can.
  void break_connection(const Client& client);
  /// The connection breaks, and none can be made until `restore`.
  void cut(const Client& client);
  /// No message comes through in either direction until `restore`, and no connection breaks.
  void stall(const Client& client);
  /// Undoes `cut` and `stall`.
  void restore(const Client& client);

  // --- What goes wrong with servers.

  /// The server to which the client is connected; -1: none.
  [[nodiscard]] int server_of(const Client& client) const;
  /// -1: none.
  [[nodiscard]] int leader() const;
  void kill_server(int server);
  /// After `kill_server` or `power_off_server`. Does nothing for a server that is frozen.
  void start_server(int server);
  /// The server's host is off, until `start_server`: its connections do not break, and attempts to
  /// connect to it get no answer.
  void power_off_server(int server);
  /// The server restarts at another address, as pods do, and nobody answers at the one that it had.
  /// Clients that look up its name find it.
  void move_server(int server);
  /// The server does nothing until `thaw_server`, which does nothing for a server that is off.
  void freeze_server(int server);
  void thaw_server(int server);
  /// The server is cut off from the others. It answers reads of its clients for five more ticks.
  void cut_off_server(int server);
  void heal_server(int server);
  /// This server learns of commits only after this delay.
  void slow_commits(int server, std::chrono::nanoseconds delay);
  /// The leader resigns, which breaks all connections, and this server leads. Its wall clock is
  /// ahead of the test's by `wall_clock_offset`.
  void change_leader(int server, std::chrono::nanoseconds wall_clock_offset = {});
  /// This server negotiates session timeouts between these bounds.
  void bound_session_timeouts(int server, std::chrono::milliseconds least,
                              std::chrono::milliseconds most);
  /// The leader looks for containers that are empty and have had children, and removes them. Real
  /// servers do that once a minute; here it happens in this call only.
  void remove_empty_containers();
  /// The servers move to other addresses. When the client looks them up again, it resumes its
  /// session with a new handle.
  void move_servers(const Client& client);
  /// From now on the client knows no server but this one.
  void know_only(const Client& client, int server);

  // --- The stored znodes, as committed. ACLs do not apply.

  /// The full paths of the children, in the order of their creation.
  [[nodiscard]] std::vector<std::string> children(const std::string& path) const;
  [[nodiscard]] std::optional<Znode> get(const std::string& path) const;
  /// What an operator could do. They throw std::system_error with ZooKeeper's error.
  void create(const std::string& path, const std::string& data = {});
  void set(const std::string& path, const std::string& data);
  void remove(const std::string& path);
  /// As if this many children had been created: sequence numbers continue from there, and stick and
  /// wrap at 2147483647 as ZooKeeper's do.
  void set_sequence_counter(const std::string& path, std::int32_t counter);

 private:
  friend class FakeMachine;
  class Impl;

  void start_thread(std::function<void()> body);

  std::unique_ptr<Impl> impl_;
};

/// A machine with clocks of its own. It lives as long as its FakeZooKeeper.
/// Thread safety: as FakeZooKeeper.
class FakeMachine {
 public:
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine();

  /// As FakeZooKeeper::connect: the client's threads run on this machine.
  [[nodiscard]] FakeZooKeeper::Client connect(const ClientOptions& options = {});

  /// Returns `body()`. Its calls of the library use the clocks of this machine, and its claims name
  /// this host.
  template <class Body>
  std::invoke_result_t<Body> run(Body body) {
    const Visit visit(*this);
    return body();
  }

  /// Sets its wall clock forward or back.
  void step_wall_clock(std::chrono::nanoseconds step);
  /// From now on its clocks run fast by this many millionths; slow if negative. Beyond half a
  /// million either way: std::invalid_argument.
  void set_drift(std::int64_t millionths);
  /// It does nothing until `thaw`, like a stopped process, and receives nothing. Code in `run`
  /// stops only where it waits in the library.
  void freeze();
  void thaw();
  /// The same, and its steady clock stands still, like a laptop that sleeps.
  void suspend();
  void resume();

 private:
  friend class FakeZooKeeper;
  class Impl;

  class Visit {
   public:
    explicit Visit(FakeMachine& machine);
    ~Visit();
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

   private:
    class Scope;
    std::unique_ptr<Scope> scope_;
  };

  explicit FakeMachine(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTING_FAKE_ZOOKEEPER_H_
