// fake_ensemble.h: a fake ensemble as its clients see it: sessions, requests, watches.
#ifndef ZKLOCK_SRC_TESTING_FAKE_ENSEMBLE_H_
#define ZKLOCK_SRC_TESTING_FAKE_ENSEMBLE_H_

#include <zklock/testing/fake_zookeeper.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "base/executor.h"
#include "testing/fake_addresses.h"
#include "testing/fake_faults.h"
#include "testing/fake_line.h"
#include "testing/fake_network.h"
#include "testing/fake_quorum.h"
#include "testing/fake_request.h"
#include "testing/fake_sessions.h"
#include "testing/fake_tree.h"
#include "testing/virtual_platform.h"

namespace zklock::internal {

/// The servers as their clients see them: sessions, requests, watches.
///
/// Thread safety: none: all of it on the thread of `loop`.
class FakeEnsemble final : public FakeQuorumListener {
 public:
  using ConnectionId = FakeNetwork::ConnectionId;
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
  [[nodiscard]] FakeNetwork& network() noexcept { return network_; }
  [[nodiscard]] FakeAddresses& addresses() noexcept { return addresses_; }
  [[nodiscard]] FakeSessions& sessions() noexcept { return sessions_; }
  /// REQUIRES: `observer` outlives the ensemble.
  void observe(Observer* observer) noexcept { observer_ = observer; }
  /// Nothing happens any more. What is under way, and refers to the ensemble, is dropped.
  void stop();
  /// Waits until `job` has been run on the loop.
  void run(const std::function<void()>& job);
  // For clients (fake_wire.cc).
  /// `server`: or what is at its address. 0: the client is refused.
  ConnectionId connect(int server, const std::shared_ptr<FakeLine>& line,
                       std::weak_ptr<FakePeer> peer, FakeHello hello);
  void send(ConnectionId id, FakeRequest request);
  void ping(ConnectionId id);
  /// The session ends; then the server hangs up.
  void end_session_of(ConnectionId id);

  // What goes wrong.
  [[nodiscard]] FakeFaults& faults() noexcept { return faults_; }
  /// Its connections stay as they are, and nobody answers there until it is started.
  void power_off(int server);
  void start(int server);
  /// Not one that is off.
  void thaw(int server) {
    if (!addresses_.is_off(server)) quorum_.thaw(server);
  }
  void delay_watches(std::chrono::nanoseconds delay) { watch_delay_ = delay; }
  void expire_session(std::int64_t session);
  /// The leader removes them. Returns how many there were.
  int remove_empty_containers();
  /// A write of an operator, who may change every znode.
  void write(const FakeQuorum::Decide& decide);

  void on_applied(int server, const FakeTransaction& transaction,
                  const std::vector<FakeChange>& changes) override;
  void on_stopped_serving(int server) override;
  void on_thawed(int server) override;
  void on_caught_up(int server) override;
  void on_new_leader(int server) override;

 private:
  using Connection = FakeNetwork::Connection;

  void every(std::chrono::nanoseconds period, std::chrono::nanoseconds shift,
             void (FakeEnsemble::*call)());
  void look_for_due_sessions();
  void report_to_leader();
  void tell(const char* what, std::int64_t subject);

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

  const testing::FakeOptions options_;
  VirtualPlatform& platform_;
  Observer* observer_ = nullptr;
  FakeSessions sessions_;
  FakeFaults faults_;
  FakeAddresses addresses_;
  std::chrono::nanoseconds watch_delay_{0};

  Executor loop_;  // its tasks use the rest: stopped first
  FakeQuorum quorum_;
  FakeNetwork network_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_ENSEMBLE_H_
