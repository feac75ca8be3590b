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
//     zookeeper.expire_session(our_client);                    // lease.lost() is told
//
// The fake replaces the servers and the network. All else (sessions, lost answers, watches,
// removals) is the code that runs in production. What the fake claims of ZooKeeper is tested
// against real servers, by the same tests. What it leaves out: chroots, znodes of the servers' own
// (/zookeeper), and proofs of identities. All clients come from 127.0.0.1; an ACL of scheme "ip"
// names one address.
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

/// How the ensemble is made. Every member has a default.
struct FakeOptions {
  int servers = 1;                             // the first one leads
  std::chrono::milliseconds tick_time{2'000};  // ZooKeeper's tickTime
  std::chrono::nanoseconds latency{0};         // of each message between a client and its server
  std::chrono::nanoseconds jitter{0};          // at most so much more, at random
};

class FakeMachine;

/// The clocks of the library stand still while a FakeZooKeeper exists, and are moved by it: there
/// is one at a time in a process. While the thread that made it waits in the library (in a `lock`
/// that has to wait, or a destructor that can not reach a server), and everything else waits too,
/// time jumps to what is due next: such a wait takes no time, and ends at its deadline. Make it
/// before the clients and locks that use it, and destroy it after them.
///
/// Where nothing else is said, a call returns when the library has done all that it does at this
/// time because of it. Servers are numbered from 0; a number, a client or a machine that is not
/// this ensemble's is std::out_of_range. Calls throw std::runtime_error if a thread of the library
/// goes on for ten seconds of real time: a callback of the test's waits for the test, probably.
///
/// Thread safety: all of it may be called from any thread, except from callbacks of the library.
class FakeZooKeeper {
 public:
  using Client = std::shared_ptr<ZooKeeperClient>;

  /// Throws std::invalid_argument for options that make no sense, std::logic_error if there is
  /// another one.
  explicit FakeZooKeeper(const FakeOptions& options = {});
  /// REQUIRES: clients, locks and leases (which keep their clients) are destroyed. Aborts the
  /// process if they are not.
  ~FakeZooKeeper();
  FakeZooKeeper(const FakeZooKeeper&) = delete;
  FakeZooKeeper& operator=(const FakeZooKeeper&) = delete;

  /// A client with a session of its own. Lets time pass until it has one. Identities of
  /// `options.auth` are believed: of "digest" the name counts. Throws as zklock::connect does.
  [[nodiscard]] Client connect(const ClientOptions& options = {});
  /// The same, but the client tries this server first.
  [[nodiscard]] Client connect_to(int server, const ClientOptions& options = {});

  /// Runs `body` on a thread, for a test that needs another one: time stands still while it does
  /// not wait in the library. To wait for the future moves no time: see `advance`. The
  /// FakeZooKeeper waits for the thread when it is destroyed.
  template <class Body>
  [[nodiscard]] std::future<std::invoke_result_t<Body>> in_background(Body body) {
    auto task = std::make_shared<std::packaged_task<std::invoke_result_t<Body>()>>(std::move(body));
    std::future<std::invoke_result_t<Body>> result = task->get_future();
    start_thread([task] { (*task)(); });
    return result;
  }

  // --- Time.

  /// Time passes. Whatever is due in it happens, in its order, before this returns.
  void advance(std::chrono::nanoseconds time);
  /// Returns when the library has done what it can do at this time.
  void settle();
  /// From now on, time passes by itself also while any other thread of the test waits in the
  /// library. It goes on then whatever the test does between its calls: a test of several threads
  /// had better move the time by `advance`.
  void let_time_pass(bool on = true);
  /// Somebody sets the clock of the machine that the test runs on.
  void step_wall_clock(std::chrono::nanoseconds step);

  // --- Machines.

  /// A machine with clocks of its own, for clients of others; made when it is first asked for.
  /// What does not run on one of these runs on the test's machine, "localhost".
  [[nodiscard]] FakeMachine& machine(const std::string& host);

  // --- What goes wrong with requests.

  enum class Operation { any, create, remove, set, check, get, children };

  /// The next such request (of this client, if one is given) is carried out, but its connection
  /// breaks instead of the answer.
  void lose_next_answer(Operation operation, const Client& client = nullptr);
  /// The next such requests (of any client) do nothing, and fail with this error of a server
  /// (`throttled`, `no_auth`, ...): std::invalid_argument for those of connections and sessions.
  void fail_next(Operation operation, ZooKeeperErrc error, int times = 1);
  /// Events of watches come so much later, and whatever comes after them on their connection.
  void delay_watches(std::chrono::nanoseconds delay);

  // --- What goes wrong with clients.

  /// The servers end the session (std::system_error if they have no quorum). A client that is
  /// connected hears first of what it has watched; real servers may hang up before they tell it. Of
  /// the session it hears when it is connected again.
  void expire_session(const Client& client);
  /// The connection breaks; the client makes another one as soon as it can.
  void break_connection(const Client& client);
  /// The connection breaks, and none can be made until `restore`.
  void cut(const Client& client);
  /// Nothing comes through in either direction until `restore`, and nobody is told.
  void stall(const Client& client);
  /// Undoes `cut` and `stall`.
  void restore(const Client& client);

  // --- What goes wrong with servers.

  /// The server that the client is connected to; -1: none.
  [[nodiscard]] int server_of(const Client& client) const;
  /// -1: none.
  [[nodiscard]] int leader() const;
  void kill_server(int server);
  void start_server(int server);
  /// The server does nothing until `thaw_server`.
  void freeze_server(int server);
  void thaw_server(int server);
  /// The server is cut off from the others. It goes on answering reads of its clients, for five
  /// ticks.
  void cut_off_server(int server);
  void heal_server(int server);
  /// What is committed is known to this server only so much later.
  void slow_commits(int server, std::chrono::nanoseconds delay);
  /// The leader gives up, which breaks all connections, and this server leads; its wall clock is
  /// ahead of the test's by `wall_clock_offset`.
  void change_leader(int server, std::chrono::nanoseconds wall_clock_offset = {});
  /// The session timeouts that this server negotiates lie between these.
  void bound_session_timeouts(int server, std::chrono::milliseconds least,
                              std::chrono::milliseconds most);
  /// The servers are to be found at other addresses: the client, once it looks for them, attaches
  /// to its session anew.
  void move_servers(const Client& client);

  // --- What is stored. Of what is committed, whatever the ACLs say.

  /// Full paths of the children, in the order of their creation.
  [[nodiscard]] std::vector<std::string> children(const std::string& path) const;
  [[nodiscard]] std::optional<Znode> get(const std::string& path) const;
  /// As an operator would. Throws std::system_error with ZooKeeper's error.
  void create(const std::string& path, const std::string& data = {});
  void set(const std::string& path, const std::string& data);
  void remove(const std::string& path);
  /// As if so many children had been created: sequence numbers go on from there, and stick and wrap
  /// at 2147483647 as ZooKeeper's do.
  void set_sequence_counter(const std::string& path, std::int32_t counter);

 private:
  friend class FakeMachine;
  class Impl;

  void start_thread(std::function<void()> body);

  std::unique_ptr<Impl> impl_;
};

/// A machine of its own. It lives as long as its FakeZooKeeper.
/// Thread safety: as FakeZooKeeper.
class FakeMachine {
 public:
  FakeMachine(const FakeMachine&) = delete;
  FakeMachine& operator=(const FakeMachine&) = delete;
  ~FakeMachine();

  /// As FakeZooKeeper::connect: the client's threads run on this machine.
  [[nodiscard]] FakeZooKeeper::Client connect(const ClientOptions& options = {});

  /// Returns `body()`. What that does in the library goes by the clocks of this machine, and claims
  /// that it makes name its host.
  template <class Body>
  std::invoke_result_t<Body> run(Body body) {
    const Visit visit(*this);
    return body();
  }

  /// Somebody sets its clock.
  void step_wall_clock(std::chrono::nanoseconds step);
  /// Its clocks run fast from now on, by so many millionths; slow if negative. At most half as fast
  /// again, or half as fast: std::invalid_argument.
  void set_drift(std::int64_t millionths);
  /// It does nothing until `thaw`, as a process that was stopped; nothing comes in. Of what `run`
  /// runs, only what waits in the library stops.
  void freeze();
  void thaw();
  /// The same, and its steady clock stands still, as that of a laptop that sleeps.
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
