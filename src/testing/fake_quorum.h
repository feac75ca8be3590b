// fake_quorum.h: the servers of a fake ensemble among themselves: who leads, and what each of them
// knows.
#ifndef ZKLOCK_SRC_TESTING_FAKE_QUORUM_H_
#define ZKLOCK_SRC_TESTING_FAKE_QUORUM_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/executor.h"
#include "testing/fake_tree.h"

namespace zklock::internal {

/// Hears what servers do. On the loop.
class FakeQuorumListener {
 public:
  virtual ~FakeQuorumListener() = default;
  /// `server` has carried out a transaction that did this.
  virtual void on_applied(int server, const FakeTransaction& transaction,
                          const std::vector<FakeChange>& changes) = 0;
  /// `server` does not serve clients any more: it hangs up on them.
  virtual void on_stopped_serving(int server) = 0;
  /// `server` goes on after it was frozen.
  virtual void on_thawed(int server) = 0;
  /// What `server` has to say to the pings that the leader sent it meanwhile has arrived.
  virtual void on_caught_up(int server) = 0;
  /// Another term has begun: `server` leads.
  virtual void on_new_leader(int server) = 0;
};

/// A leader orders the writes, and every server carries them out in this order, some later than
/// others. Without a quorum nothing is ordered. A server that has not heard of the leader for five
/// ticks, or a leader that has not heard of a quorum, stops serving.
///
/// Its members are what the servers know of each other, which every change of leader touches.
///
/// Thread safety: none: all of it on the thread of `loop`.
class FakeQuorum {
 public:
  /// Decides on a write at the leader, by the committed tree.
  using Decide = std::function<Result<FakeTransaction>(const FakeTree& committed, Stat::Time now)>;
  /// Called once the server that took the write has carried it out.
  using Done = std::function<void(const Result<FakeTransaction>& outcome)>;

  /// REQUIRES: `loop` and `listener` outlive it.
  FakeQuorum(int servers, std::chrono::nanoseconds tick, Executor& loop,
             FakeQuorumListener& listener);

  [[nodiscard]] int size() const noexcept { return static_cast<int>(servers_.size()); }
  /// -1: none.
  [[nodiscard]] int leader() const noexcept { return leader_; }
  [[nodiscard]] const FakeTree& committed() const noexcept { return committed_; }
  [[nodiscard]] const FakeTree& tree_of(int server) const { return at(server).tree; }
  [[nodiscard]] std::int64_t last_zxid_of(int server) const { return at(server).last_zxid; }
  [[nodiscard]] bool serves(int server) const { return at(server).serves; }
  [[nodiscard]] bool is_frozen(int server) const { return at(server).is_frozen; }
  /// Whether a message of this server would reach a leader with a quorum now.
  [[nodiscard]] bool reaches_leader(int server) const;
  [[nodiscard]] bool has_quorum() const;
  [[nodiscard]] Stat::Time wall_now() const;

  /// A write that came to `server`. What the leader refuses is ordered too, without an effect.
  void propose(int server, Decide decide, Done done);
  /// A write of the leader's own. Nothing happens without a quorum.
  void propose_at_leader(const Decide& decide);
  /// Calls `arrive` once a message of this server reaches the leader; never if its term ends first.
  void tell_leader(int server, std::function<void()> arrive);

  /// Whatever waits for a leader, or for its outcome, will not hear of it.
  void drop_messages();

  void kill(int server);
  void start(int server);
  void freeze(int server);
  void thaw(int server);
  /// From the other servers. Its clients still reach it.
  void cut_off(int server);
  void heal(int server);
  void slow_commits(int server, std::chrono::nanoseconds delay);
  /// The leader gives up, and `server` is elected, if it can be. Its wall clock is so far ahead.
  void change_leader(int server, std::chrono::nanoseconds wall_offset);
  void set_sequence_counter(const std::string& path, std::int32_t counter);

 private:
  struct Server {
    FakeTree tree{};
    std::size_t applied = 0;  // number of the next transaction
    std::int64_t last_zxid = 0;
    bool is_running = true;
    bool is_frozen = false;
    bool is_cut_off = false;
    bool serves = true;
    std::int64_t epoch = 1;  // of the leader that it follows
    bool is_catching_up =
        false;  // an answer to the leader's pings is on its way, and all behind it
    std::uint64_t catch_ups = 0;
    bool is_applying = false;  // a later look is scheduled
    std::uint64_t silences = 0;
    std::chrono::nanoseconds commit_delay{0};
    std::multimap<std::size_t, std::function<void()>> when_applied{};  // after this many
  };
  struct Entry {
    FakeTransaction transaction;
    SteadyTime committed_at;
  };
  struct Stuck {
    int server = 0;
    bool is_write = false;  // the leader may have ordered it, unknown to anybody
    std::function<void()> arrive;
  };

  [[nodiscard]] Server& at(int server) { return servers_.at(static_cast<std::size_t>(server)); }
  [[nodiscard]] const Server& at(int server) const {
    return servers_.at(static_cast<std::size_t>(server));
  }
  [[nodiscard]] bool is_up(int server) const;
  [[nodiscard]] std::size_t length() const noexcept { return first_ + log_.size(); }

  std::size_t commit(FakeTransaction transaction);
  void order(int server, const Decide& decide, const Done& done);
  void apply_what_is_due(int server);
  void apply_all(int server);
  void apply_next(int server);
  void trim();
  void retry_stuck();
  void come_back(int server);
  void catch_up_later(int server);
  void catch_up(int server);
  void goes_silent(int server);
  void lose_leader();
  void stop_serving(int server);
  void elect_later(std::chrono::nanoseconds delay);
  void elect(std::optional<int> preferred, std::chrono::nanoseconds wall_offset);

  const std::chrono::nanoseconds tick_;
  Executor& loop_;
  FakeQuorumListener& listener_;
  std::vector<Server> servers_;
  FakeTree committed_;
  std::deque<Entry> log_;
  std::size_t first_ = 0;  // number of the first transaction in log_
  int leader_ = 0;
  std::int64_t epoch_ = 1;
  std::int64_t counter_ = 0;
  std::chrono::nanoseconds wall_offset_{0};  // of the leader's clock
  std::vector<Stuck> stuck_;
  std::vector<std::function<void()>> inherited_;  // writes that earlier leaders had ordered
  bool is_electing_ = false;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_QUORUM_H_
