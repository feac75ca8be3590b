// What clients live in: servers, a network that can be broken, and time. There is a real one, and a
// fake one; the cases of the contract cannot tell which of them they run in.
#ifndef ZKLOCK_TESTS_CONTRACT_WORLD_H_
#define ZKLOCK_TESTS_CONTRACT_WORLD_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/client_options.h>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <mutex>

namespace zklock::test {

/// Wakes the test when it waits for a condition. Thread safety: all of it may be called from any
/// thread.
class Bell {
 public:
  void ring() {
    {
      const std::scoped_lock lock(mutex_);
      ++rings_;
    }
    rung_.notify_all();
  }
  [[nodiscard]] std::uint64_t rings() const {
    const std::scoped_lock lock(mutex_);
    return rings_;
  }
  /// Waits until it has been rung more often than `rings`, at most for `patience` of real time.
  void await_more(std::uint64_t rings, std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    rung_.wait_for(lock, patience, [&] { return rings_ > rings; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable rung_;
  std::uint64_t rings_ = 0;  // guarded by mutex_
};

/// One server (the contract is about one: what an ensemble does is the simulation's), with ticks of
/// 200 ms and session timeouts from 400 ms to 60 s.
///
/// REQUIRES: clients are destroyed before it. Thread safety: none.
class World {
 public:
  using Client = std::shared_ptr<ClaimClient>;
  enum class Then { reconnect, stay_cut };

  virtual ~World() = default;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  /// A client with a session and a line to the server of its own. Throws as zklock::connect does.
  [[nodiscard]] virtual Client connect(const ClientOptions& options) = 0;

  /// Runs `body` on another thread. Tests wait for it, as it refers to what is theirs.
  [[nodiscard]] virtual std::future<void> in_background(std::function<void()> body) = 0;

  /// Lets time pass until the condition is true. False: it does not become true. It is checked
  /// again when the bell rings, and now and then, as much happens without a notification.
  [[nodiscard]] virtual bool await(const std::function<bool()>& condition) = 0;
  [[nodiscard]] const std::shared_ptr<Bell>& bell() const noexcept { return bell_; }

  /// The connection breaks; the client may make another one at once.
  virtual void break_connection(const Client& client) = 0;
  /// The connection breaks, and none can be made until `restore`.
  virtual void cut(const Client& client) = 0;
  /// Nothing comes through in either direction until `restore`; neither side notices.
  virtual void stall(const Client& client) = 0;
  /// Undoes `cut` and `stall`.
  virtual void restore(const Client& client) = 0;

  /// Runs `call`, of this client, on another thread. What it asks of the server first is carried
  /// out, but the connection breaks before the answer comes. `is_carried_out` looks, with another
  /// client.
  [[nodiscard]] virtual std::future<void> lose_answer(const Client& client,
                                                      std::function<void()> call,
                                                      const std::function<bool()>& is_carried_out,
                                                      Then then) = 0;

  /// The server ends the session. It has when this returns; the client may learn of it.
  /// REQUIRES: a session timeout that a test can wait for.
  virtual void expire_session(const Client& client) = 0;

 protected:
  World() = default;

 private:
  const std::shared_ptr<Bell> bell_ = std::make_shared<Bell>();
};

/// The world that this program is linked with.
[[nodiscard]] std::unique_ptr<World> make_world();

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_CONTRACT_WORLD_H_
