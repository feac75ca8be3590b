// observed.h: the user's observer, and how it is called.
#ifndef ZKLOCK_SRC_LOCK_OBSERVED_H_
#define ZKLOCK_SRC_LOCK_OBSERVED_H_

#include <zklock/advanced/claim_client.h>
#include <zklock/lock_observer.h>

#include <memory>
#include <string>

#include "base/log.h"
#include "base/user_callbacks.h"

namespace zklock::internal {

/// It does not refer to the client, so what the client keeps may refer to it.
struct Observed {
  std::shared_ptr<LockObserver> observer;  // null: none
  Log log;
  UserCallbacks callbacks;

  /// Calls the observer, if there is one: `observe(trace, [&](LockObserver& o) { o.on_...(); })`.
  /// `trace`: of the claim that it is about.
  template <class Call>
  void observe(const std::string& trace, const Call& call) const noexcept {
    if (!observer) return;
    const auto bare = [](const void* of_call, LockObserver& it) {
      (*static_cast<const Call*>(of_call))(it);
    };
    call_observer(trace, bare, &call);
  }

  /// Reports the removal of a claim, in order, on threads for callbacks. Null: nobody wants to
  /// know.
  [[nodiscard]] std::shared_ptr<RemovalListener> removal_of_claim(const std::string& trace) const;

 private:
  // All that does not depend on the type of the call, so that it exists once.
  void call_observer(const std::string& trace, void (*bare)(const void*, LockObserver&),
                     const void* call) const noexcept;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_OBSERVED_H_
