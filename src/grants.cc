#include "grants.h"

#include <algorithm>
#include <utility>

namespace zklock::internal {

namespace {

/// Threads that end without having heard that their grant was lost leave an entry behind each; beyond
/// this the oldest go.
constexpr std::size_t kMostEntries = 1'000;

}  // namespace

void Grants::add(Held held) {
  const std::scoped_lock lock(mutex_);
  const std::thread::id thread = std::this_thread::get_id();
  std::erase_if(entries_, [&](const Entry& entry) {
    return entry.thread == thread && entry.held->loss_reason();
  });
  if (entries_.size() >= kMostEntries) {
    const auto lost = std::find_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
      return static_cast<bool>(entry.held->loss_reason());
    });
    if (lost != entries_.end()) entries_.erase(lost);
  }
  entries_.push_back({std::move(held), thread});
}

void Grants::remove(const Held& held) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.held == held; });
}

std::vector<Grants::Held> Grants::take_all() {
  std::vector<Entry> entries;
  {
    const std::scoped_lock lock(mutex_);
    entries.swap(entries_);
  }
  std::vector<Held> all;
  all.reserve(entries.size());
  for (Entry& entry : entries) all.push_back(std::move(entry.held));
  return all;
}

template <class Matches>
Grants::Held Grants::last(const Matches& matches) const {
  const std::scoped_lock lock(mutex_);
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(), matches);
  return found != entries_.rend() ? found->held : nullptr;
}

Grants::Held Grants::current() const {
  return last([](const Entry& entry) { return entry.held->valid(); });
}

Grants::Held Grants::of_this_thread() const {
  const std::thread::id thread = std::this_thread::get_id();
  return last([&](const Entry& entry) { return entry.thread == thread; });
}

Grants::Held Grants::of_owner(const std::string& owner) const {
  return last([&](const Entry& entry) { return entry.held->owner() == owner; });
}

Grants::Held Grants::of_lease(const Lease& lease) const {
  const LeaseState* const state = LeaseAccess::state(lease).get();
  return last([&](const Entry& entry) { return entry.held.get() == state; });
}

}  // namespace zklock::internal
