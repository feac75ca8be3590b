// farewell.h: how long destructors may wait for servers and for the user's code, in all.
#ifndef ZKLOCK_SRC_BASE_FAREWELL_H_
#define ZKLOCK_SRC_BASE_FAREWELL_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/context.h>

#include <chrono>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

/// The time that the ends of locks and guards may wait in vain. Each may wait for a while; what one
/// has waited in vain, the next one has not. So a process that goes down with many of them takes
/// about a second. It comes back slowly, and at once when servers answer.
///
/// Thread safety: all functions may be called from any thread.
class FarewellBudget {
 public:
  static constexpr std::chrono::milliseconds kMost{900};
  /// What each may wait in any case. Servers that are well answer sooner.
  static constexpr std::chrono::milliseconds kLeast{10};
  /// Of the time that passes, this part is added.
  static constexpr int kRefill = 10;

  [[nodiscard]] std::chrono::nanoseconds left(SteadyTime now);
  /// So long was waited in vain.
  void spend(std::chrono::nanoseconds waited, SteadyTime now);
  /// Servers have answered.
  void restore() noexcept;

 private:
  void refill(SteadyTime now) ZKLOCK_REQUIRES(mutex_);

  Mutex mutex_;
  std::chrono::nanoseconds left_ ZKLOCK_GUARDED_BY(mutex_) = kMost;
  SteadyTime refilled_at_ ZKLOCK_GUARDED_BY(mutex_) = SteadyTime::min();
};

/// One end, for the scope of this object: `context` is over when the budget is.
class Farewell {
 public:
  Farewell();
  ~Farewell();
  Farewell(const Farewell&) = delete;
  Farewell& operator=(const Farewell&) = delete;

  [[nodiscard]] const Context& context() const noexcept { return context_; }
  [[nodiscard]] SteadyTime deadline() const noexcept { return *context_.deadline(); }

  /// Call it when servers have granted a lock, or have confirmed that one has ended: they are well.
  static void servers_answered() noexcept;

 private:
  const SteadyTime begun_;
  const Context context_;
};

/// The context in which the end of something waits for this client: over already if the client has
/// no connection.
[[nodiscard]] Context patience_with(const ClaimClient& client, const Context& context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_BASE_FAREWELL_H_
