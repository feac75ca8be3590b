#include "wire/line_callback.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

constexpr std::size_t kSlots = 32;

/// Who gets the lines of which function.
struct LineSlots {
  struct Entry {
    std::size_t slot = 0;
    std::shared_ptr<LineReceiver> receiver{};
  };
  Mutex mutex;
  std::size_t next ZKLOCK_GUARDED_BY(mutex) = 0;
  std::vector<Entry> entries ZKLOCK_GUARDED_BY(mutex);
};

/// Never destroyed: lines may come while the process exits.
LineSlots& slots() { return Platform::current().process_wide<LineSlots>(); }

void pass(std::size_t slot, const char* line) noexcept {
  try {
    std::vector<std::shared_ptr<LineReceiver>> receivers;
    {
      const MutexLock lock(slots().mutex);
      for (const LineSlots::Entry& entry : slots().entries) {
        if (entry.slot == slot) receivers.push_back(entry.receiver);
      }
    }
    for (const auto& receiver : receivers) receiver->take(line);
  } catch (...) {  // NOLINT(bugprone-empty-catch): out of memory, in a callback of a C library
  }
}

template <std::size_t kSlot>
void on_line(const char* line) {
  pass(kSlot, line);
}

template <std::size_t... kNumbers>
constexpr std::array<LineCallback::Function, kSlots> functions(std::index_sequence<kNumbers...>) {
  return {on_line<kNumbers>...};
}

constexpr std::array kFunctions = functions(std::make_index_sequence<kSlots>());

/// A slot that nobody has; if there is none, one after the other.
std::size_t add(const std::shared_ptr<LineReceiver>& receiver) {
  const MutexLock lock(slots().mutex);
  auto& entries = slots().entries;
  std::size_t free = 0;
  while (free < kSlots && std::any_of(entries.begin(), entries.end(),
                                      [free](const auto& entry) { return entry.slot == free; })) {
    ++free;
  }
  if (free == kSlots) free = slots().next++ % kSlots;
  entries.push_back({free, receiver});
  return free;
}

}  // namespace

LineCallback::LineCallback(std::shared_ptr<LineReceiver> receiver)
    : receiver_(std::move(receiver)), slot_(add(receiver_)) {}

LineCallback::~LineCallback() {
  const MutexLock lock(slots().mutex);
  std::erase_if(slots().entries, [this](const auto& entry) { return entry.receiver == receiver_; });
}

bool LineCallback::is_shared() const {
  LineSlots& all = slots();
  const MutexLock lock(all.mutex);
  return std::count_if(all.entries.begin(), all.entries.end(),
                       [this](const auto& entry) { return entry.slot == slot_; }) > 1;
}

LineCallback::Function LineCallback::function() const noexcept { return kFunctions[slot_]; }

}  // namespace zklock::internal
