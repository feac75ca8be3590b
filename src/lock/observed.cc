#include "lock/observed.h"

#include <exception>

#include "lock/observed_trace.h"
#include "lock/removal_report.h"

namespace zklock::internal {

std::shared_ptr<RemovalListener> Observed::removal_of_claim(const std::string& trace) const {
  if (!observer && trace.empty()) return nullptr;
  return std::make_shared<RemovalReport>(*this, trace);
}

void Observed::call_observer(const std::string& trace, void (*bare)(const void*, LockObserver&),
                             const void* call) const noexcept {
  const ObservedTrace scope(trace);
  try {
    bare(call, *observer);
  } catch (const std::exception& thrown) {
    log.error([&] { return std::string("a lock observer threw: ") + thrown.what(); });
  } catch (...) {
    log.error("a lock observer threw");
  }
}

}  // namespace zklock::internal
