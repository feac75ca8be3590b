// fake_ensemble.h: a fake ensemble as its clients see it: connections, requests, watches, and what
// goes wrong with them.
#ifndef ZKLOCK_SRC_TESTING_FAKE_ENSEMBLE_H_
#define ZKLOCK_SRC_TESTING_FAKE_ENSEMBLE_H_

#include <zklock/testing/fake_zookeeper.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "base/executor.h"
#include "testing/fake_quorum.h"
#include "testing/fake_sessions.h"
#include "testing/fake_tree.h"
#include "testing/virtual_platform.h"
#include "wire/wire.h"

namespace zklock::internal {

using FakeOperation = testing::FakeZooKeeper::Operation;

/// A request, as it travels.
struct FakeRequest {
  /// To be called at the client, in the order of its messages.
  using Delivery = std::function<void()>;

  FakeOperation operation{};
  std::string path{};
  bool watch = false;
  /// At the leader: what it does. Null for reads.
  std::function<Result<FakeTransaction>(const FakeTree&, const FakeCaller&, Stat::Time)> decide{};
  /// At the server that the client is connected to, once a write is carried out there.
  std::function<Delivery(const FakeTree&, const FakeCaller&, const Result<FakeTransaction>&)>
      answer{};
  /// At the client, in place of an answer.
  std::function<void(std::error_code)> fail{};
};

/// The client's end of a connection. Called on the loop, on the client's platform.
class FakePeer {
 public:
  virtual ~FakePeer() = default;
  virtual void on_accepted(const SessionIdentity& session) = 0;
  virtual void on_refused_session() = 0;   // it is gone
  virtual void on_refused_identity() = 0;  // nobody knows its scheme
  virtual void on_answer(const FakeRequest::Delivery& answer, std::int64_t zxid) = 0;
  virtual void on_event(const FakeChange& change) = 0;
  virtual void on_pong(std::int64_t zxid) = 0;
  virtual void on_closed() = 0;  // by the server, or the network
};

/// How a client reaches the ensemble. Of the loop.
struct FakeLine {
  explicit FakeLine(VirtualPlatform& of) : platform(of) {}

  VirtualPlatform& platform;                         // where the client runs
  bool is_cut = false;                               // no connection can be made
  bool is_stalled = false;                           // nothing comes through, for now
  int first_server = -1;                             // that the client tries; -1: any
  bool servers_move = false;                         // the client is to find other addresses
  std::int64_t session = 0;                          // of the client, the last one it had
  std::set<std::int64_t> gone{};                     // sessions: the client was told that they are
  std::vector<std::function<void()>> held{};         // messages of both directions
  std::vector<std::function<void()>> held_timers{};  // of the client's, while it is frozen

  /// What comes now has to wait; what was held goes first.
  [[nodiscard]] bool holds() const { return is_stalled || platform.is_frozen() || !held.empty(); }
};

/// What a client begins a connection with.
struct FakeHello {
  SessionIdentity session{};  // id 0: it wants a new one
  std::vector<AuthInfo> identities{};
  std::int64_t last_zxid = 0;
  std::vector<std::string> watches{};  // to be set again
};

/// Messages take time, and keep their order for each connection and direction.
///
/// Thread safety: none: all of it on the thread of `loop`.
class FakeEnsemble final : public FakeQuorumListener {
 public:
  using ConnectionId = std::uint64_t;
  /// Told of what happens, for a history. The subject of an event is a session, or a server.
  class Observer {
   public:
    virtual ~Observer() = default;
    virtual void on_request(FakeOperation operation, const std::string& path,
                            std::int64_t session) = 0;
    virtual void on_answer_lost(FakeOperation operation, const std::string& path,
                                std::int64_t session) = 0;
    /// The leader decides on a write of a client's, which is carried out right after this.
    virtual void on_decided(FakeOperation operation, const std::string& path, std::int64_t session,
                            const Result<FakeTransaction>& outcome) = 0;
    virtual void on_event(const std::string& what, std::int64_t subject) = 0;
  };

  FakeEnsemble(const testing::FakeOptions& options, VirtualPlatform& platform);
  ~FakeEnsemble() override { loop_.stop(); }
  FakeEnsemble(const FakeEnsemble&) = delete;
  FakeEnsemble& operator=(const FakeEnsemble&) = delete;

  [[nodiscard]] Executor& loop() noexcept { return loop_; }
  [[nodiscard]] FakeQuorum& quorum() noexcept { return quorum_; }
  [[nodiscard]] const FakeSessions& sessions() const noexcept { return sessions_; }
  /// REQUIRES: `observer` outlives the ensemble.
  void observe(Observer* observer) noexcept { observer_ = observer; }
  /// Nothing happens any more. What is under way, and refers to the ensemble, is dropped.
  void stop();
  /// Waits until `job` has been run on the loop.
  void run(const std::function<void()>& job);
  /// Runs `job` on the loop, on the line's platform, `after` so long; once that is not frozen.
  void schedule(const std::shared_ptr<FakeLine>& line, std::chrono::nanoseconds after,
                std::function<void()> job);

  // For clients (fake_wire.cc).
  /// 0: nobody listens there.
  ConnectionId connect(int server, const std::shared_ptr<FakeLine>& line,
                       std::weak_ptr<FakePeer> peer, FakeHello hello);
  void send(ConnectionId id, FakeRequest request);
  void ping(ConnectionId id);
  /// The session ends; then the server hangs up.
  void end_session_of(ConnectionId id);
  void hang_up(ConnectionId id);

  // What goes wrong.
  void lose_next_answer(FakeOperation operation, std::int64_t session);
  void fail_next(FakeOperation operation, std::error_code error, int times);
  void delay_watches(std::chrono::nanoseconds delay) { watch_delay_ = delay; }
  void expire_session(std::int64_t session);
  void break_connection(const FakeLine& line);
  void cut(FakeLine& line);
  /// The line is not stalled any more.
  void release(FakeLine& line);
  /// What nothing holds any more goes on: the platform may have been thawed.
  void go_on(FakeLine& line);
  void bound_session_timeouts(int server, std::chrono::milliseconds least,
                              std::chrono::milliseconds most);
  /// A write as an operator's, whoever owns the znode.
  void write(const FakeQuorum::Decide& decide);

  /// The server that the client of this line is connected to; -1: none.
  [[nodiscard]] int server_of(const FakeLine& line) const;

  void on_applied(int server, const FakeTransaction& transaction,
                  const std::vector<FakeChange>& changes) override;
  void on_stopped_serving(int server) override;
  void on_thawed(int server) override;
  void on_caught_up(int server) override;
  void on_new_leader(int server) override;

 private:
  struct Connection {
    int server = 0;
    std::shared_ptr<FakeLine> line;
    std::weak_ptr<FakePeer> peer;
    FakeCaller caller;          // session 0: the handshake is not over
    SteadyTime server_hears{};  // the last message that is on its way
    SteadyTime client_hears{};  // likewise
    std::set<std::string> watches;
    std::deque<FakeRequest> requests;
    bool awaits_commit = false;  // the first request is a write that is under way
    bool is_closing = false;     // the server has hung up, which is on its way
    bool is_abandoned = false;   // the client has hung up, and the frozen server can not know
  };
  struct Fault {
    enum class Kind {
      error,  // the request is refused
      loss,   // it is carried out, and the answer is lost
    };
    Kind kind{};
    FakeOperation operation{};
    std::int64_t session = 0;  // 0: any
    std::error_code error{};
    int times = 1;
  };
  struct Bounds {
    std::chrono::milliseconds least{};
    std::chrono::milliseconds most{};
  };

  void every(std::chrono::nanoseconds period, std::chrono::nanoseconds shift,
             void (FakeEnsemble::*call)());
  void look_for_due_sessions();
  void report_to_leader();
  void tell(const char* what, std::int64_t subject);
  [[nodiscard]] std::chrono::nanoseconds latency();

  [[nodiscard]] Connection* find(ConnectionId id);
  void at_server(ConnectionId id, std::function<void(Connection&)> arrive);
  void arrive_at_server(ConnectionId id, const std::function<void(Connection&)>& arrive);
  void at_client(ConnectionId id, std::chrono::nanoseconds extra,
                 std::function<void(FakePeer&)> arrive);
  void arrive_at_client(const std::shared_ptr<FakeLine>& line, const std::weak_ptr<FakePeer>& peer,
                        ConnectionId id, const std::function<void(FakePeer&)>& arrive);
  void close(ConnectionId id);

  void accept(ConnectionId id, const FakeHello& hello);
  void attach(ConnectionId id, const FakeHello& hello);
  void set_watches(ConnectionId id, const FakeHello& hello);
  void touch(const Connection& connection);
  void end_session(std::int64_t session);

  void process(ConnectionId id);
  void forward(ConnectionId id);
  void finish_write(ConnectionId id, const Result<FakeTransaction>& outcome);
  void answer(ConnectionId id, const FakeRequest& request, const Result<FakeTransaction>& outcome);
  void refuse(ConnectionId id, const FakeRequest& request, std::error_code error);
  [[nodiscard]] std::error_code take_fault(const FakeRequest& request, std::int64_t session,
                                           Fault::Kind kind);

  const testing::FakeOptions options_;
  VirtualPlatform& platform_;
  Observer* observer_ = nullptr;
  FakeSessions sessions_;
  std::map<ConnectionId, Connection> connections_;
  ConnectionId last_connection_ = 0;
  std::vector<Fault> faults_;
  std::map<int, Bounds> bounds_;  // of servers that have others than ZooKeeper's default
  std::map<int, std::vector<std::function<void()>>> held_by_;  // frozen servers: what comes to them
  std::chrono::nanoseconds watch_delay_{0};

  Executor loop_;  // its tasks use the rest: stopped first
  FakeQuorum quorum_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_ENSEMBLE_H_
