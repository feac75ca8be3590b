// next_step.h: the next step of a claim that is not granted yet.
#ifndef ZKLOCK_SRC_LOCK_NEXT_STEP_H_
#define ZKLOCK_SRC_LOCK_NEXT_STEP_H_

#include <zklock/result.h>

namespace zklock::internal {

enum class NextStep {
  keep_waiting,
  granted,     // the claim is first
  gone,        // the claim is no longer in the queue: queue anew
  list_again,  // only a new list can give its place
  look_again,  // the claim ahead was changed, or is not a claim; the list is still good
  give_up,     // the caller's time is over
};

/// Whether the wait that returned `step` is over.
[[nodiscard]] inline bool ends_wait(const Result<NextStep>& step) noexcept {
  return !step || *step != NextStep::keep_waiting;
}

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_LOCK_NEXT_STEP_H_
