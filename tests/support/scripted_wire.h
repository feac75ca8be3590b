// scripted_wire.h: wires and their dialer under a test's control: the test is the network's thread,
// which takes each request, answers it, and reports what happens to the connection.
#ifndef ZKLOCK_TESTS_SUPPORT_SCRIPTED_WIRE_H_
#define ZKLOCK_TESTS_SUPPORT_SCRIPTED_WIRE_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "wire/dialer.h"
#include "wire/wire.h"

namespace zklock::testing {

/// What the code under test has sent. To be answered once.
struct WireRequest {
  enum class Op { none, create, children, get, set, remove, check, multi };
  using Reply = std::variant<internal::Wire::Answer<Created>, internal::Wire::Answer<Children>,
                             internal::Wire::Answer<Znode>, internal::Wire::Answer<Stat>,
                             internal::Wire::Answer<void>, internal::Wire::Answer<MultiResult>>;

  Op op = Op::none;
  std::string path{};
  std::string data{};
  std::int32_t version = 0;
  bool watch = false;
  internal::Wire::CreateMode mode{};
  Acl acl = Acl::open();
  Reply reply{};

  template <class T>
  void answer(T value) const {
    std::get<internal::Wire::Answer<T>>(reply)(std::move(value));
  }
  void answer() const { std::get<internal::Wire::Answer<void>>(reply)({}); }
  void fail(std::error_code error) const {
    std::visit([&](const auto& answer) { answer(error); }, reply);
  }
};

/// Thread safety: all of it may be called from any thread.
class ScriptedWire final : public internal::Wire {
 public:
  ScriptedWire(std::shared_ptr<internal::WireListener> hears,
               std::optional<internal::SessionIdentity> resume)
      : listener(std::move(hears)), resumed(resume) {}

  void create(const std::string& path, const std::string& data, const Acl& acl, CreateMode mode,
              Answer<Created> answer) override;
  void children(const std::string& path, bool watch, Answer<Children> answer) override;
  void get(const std::string& path, bool watch, Answer<Znode> answer) override;
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Answer<Stat> answer) override;
  void remove(const std::string& path, std::int32_t version, Answer<void> answer) override;
  void check(const std::string& path, std::int32_t version, Answer<void> answer) override;
  void multi(const std::vector<MultiOperation>& operations, Answer<MultiResult> answer) override;
  void leave_server(std::chrono::nanoseconds) override { ++departures_; }
  [[nodiscard]] internal::Refusal take_refusal() override;
  void close() noexcept override;

  /// How often it was to leave its server.
  [[nodiscard]] int departures() const { return departures_; }
  /// The next request, which has to be this one. Waits for it, for real.
  WireRequest take(WireRequest::Op op);
  [[nodiscard]] bool has_requests() const;
  /// The same for requests that keep the session certain, which are not among the others.
  WireRequest take_upkeep(WireRequest::Op op);
  WireRequest take_any_upkeep();
  [[nodiscard]] bool has_upkeep() const;
  /// Waits, for real, until it is closed.
  [[nodiscard]] bool await_closed();
  [[nodiscard]] bool is_closed() const;

  /// The servers refuse the client: this is what the wire says of it.
  void refuse(const std::string& why, bool may_pass = false);
  /// What happens while it is asked for that.
  void when_asked_for_refusal(std::function<void()> event);
  [[nodiscard]] int closes() const { return closes_; }
  /// A handshake for the session with this id succeeds.
  void connect(std::int64_t session, std::chrono::milliseconds timeout = std::chrono::seconds(10));

  const std::shared_ptr<internal::WireListener> listener;
  const std::optional<internal::SessionIdentity> resumed;  // what it was dialed for

 private:
  using Requests = std::deque<WireRequest>;

  void send(WireRequest request);
  WireRequest take_from(Requests& requests);

  std::atomic<int> departures_{0};
  std::atomic<int> closes_{0};
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Requests requests_;                             // guarded by mutex_
  Requests upkeep_;                               // guarded by mutex_
  std::function<void()> when_asked_for_refusal_;  // guarded by mutex_
  internal::Refusal refusal_;                     // guarded by mutex_
  bool closed_ = false;                           // guarded by mutex_
};

/// Where the wires lead to.
class ScriptedEnsemble {
 public:
  /// To be given to the code under test.
  [[nodiscard]] std::unique_ptr<internal::Dialer> dialer();

  /// The next wire that was dialed. Waits for it, for real.
  std::shared_ptr<ScriptedWire> next_wire();
  /// How often it was dialed in all, including failures.
  [[nodiscard]] int dials() const;
  /// The next dial fails so.
  void refuse_next(const std::string& problem, bool is_retryable = true);
  /// From now on, attempts to connect are looked at while a wire looks for a server.
  void look_at_attempts_each(std::chrono::nanoseconds pause);
  /// How often they were.
  [[nodiscard]] int looks_at_attempts() const;
  /// How often the servers were looked up because a connection broke.
  [[nodiscard]] int look_ups() const;
  /// Whether there is no thread for a further session of a client.
  void lack_threads(bool lacks);
  /// What the next `servers_have_moved` says, once.
  void move_servers();
  /// The next wire is connected to this session before it is handed over.
  void connect_early(std::int64_t session);

 private:
  class ScriptedDialer;

  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::shared_ptr<ScriptedWire>> wires;              // guarded by mutex
    std::deque<internal::Dialer::Failure> refusals;               // guarded by mutex
    std::optional<std::int64_t> early;                            // guarded by mutex
    bool moved = false;                                           // guarded by mutex
    bool lacks_threads = false;                                   // guarded by mutex
    int dials = 0;                                                // guarded by mutex
    int looks = 0;                                                // guarded by mutex
    int look_ups = 0;                                             // guarded by mutex
    std::optional<std::chrono::nanoseconds> looks_at_attempts{};  // guarded by mutex
  };

  const std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_SCRIPTED_WIRE_H_
