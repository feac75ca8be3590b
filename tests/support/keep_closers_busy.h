// keep_closers_busy.h: lets sessions that end wait for the test.
#ifndef ZKLOCK_TESTS_SUPPORT_KEEP_CLOSERS_BUSY_H_
#define ZKLOCK_TESTS_SUPPORT_KEEP_CLOSERS_BUSY_H_

#include <cstddef>
#include <memory>

#include "base/closer.h"
#include "support/virtual_clock.h"

namespace zklock::testing {

/// Until the gate is open, no wire is closed.
inline void keep_closers_busy(const std::shared_ptr<Gate>& gate) {
  for (std::size_t i = 0; i < internal::kMostSessionClosers; ++i) {
    internal::close_later(internal::Ending::session, [gate] { gate->wait(); });
  }
}

}  // namespace zklock::testing

#endif  // ZKLOCK_TESTS_SUPPORT_KEEP_CLOSERS_BUSY_H_
