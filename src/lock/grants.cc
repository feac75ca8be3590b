#include "lock/grants.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// A thread that ends without asking for its lost grant leaves an entry behind. Beyond this number
/// the oldest of those are dropped.
constexpr std::size_t kMostEntries = 1'000;

/// Asks no clock and no client, so it may be called with the mutex.
bool is_lost(const Grants::Held& held) { return static_cast<bool>(held->loss_reason()); }

}  // namespace

void Grants::add(Held held) {
  const std::uint64_t thread = this_thread_number();
  std::vector<Entry> dropped;  // destroyed without the mutex
  const MutexLock lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    // Another owner of this thread may still have to learn of its loss.
    const bool is_superseded =
        entry->thread == thread && is_lost(entry->held) && entry->held->owner() == held->owner();
    const bool is_one_too_many = entries_.size() >= kMostEntries && is_lost(entry->held);
    if (is_superseded || is_one_too_many) {
      if (!entry->settled && entry->held->owner().empty()) ++dropped_;
      dropped.push_back(std::move(*entry));
      entry = entries_.erase(entry);
    } else {
      ++entry;
    }
  }
  entries_.push_back({std::move(held), thread});
}

void Grants::remove(const Held& held) {
  const MutexLock lock(mutex_);
  std::erase_if(entries_, [&](const Entry& entry) { return entry.held == held; });
}

std::vector<Grants::Held> Grants::all() const { return held_of(entries()); }

std::vector<Grants::Held> Grants::take_all() {
  std::vector<Entry> taken;
  {
    const MutexLock lock(mutex_);
    taken.swap(entries_);
  }
  return held_of(std::move(taken));
}

std::vector<Grants::Held> Grants::held_of(std::vector<Entry> entries) {
  std::vector<Held> all;
  all.reserve(entries.size());
  for (Entry& entry : entries) all.push_back(std::move(entry.held));
  return all;
}

std::vector<Grants::Entry> Grants::entries() const {
  const MutexLock lock(mutex_);
  return entries_;
}

/// Looks at the grants without the mutex: stands() may find out that a lease is lost, and then
/// calls the client.
template <class Matches>
Grants::Held Grants::last(const Matches& matches) const {
  const std::vector<Entry> all = entries();
  const auto found = std::find_if(all.rbegin(), all.rend(), matches);
  return found != all.rend() ? found->held : nullptr;
}

Grants::Held Grants::current() const {
  return last([](const Entry& entry) { return entry.held->stands(); });
}

Grants::Held Grants::of_this_thread() const {
  const std::uint64_t thread = this_thread_number();
  return last([&](const Entry& entry) { return entry.thread == thread; });
}

Grants::Held Grants::of_owner(const std::string& owner) const {
  return last([&](const Entry& entry) { return entry.held->owner() == owner; });
}

Grants::Held Grants::of_lease(const Lease& lease) const {
  const LeaseState* const state = LeaseAccess::state(lease).get();
  return last([&](const Entry& entry) { return entry.held.get() == state; });
}

Grants::Held Grants::of_moved_guard() const {
  std::vector<Entry> all = entries();
  std::erase_if(all, [](const Entry& entry) {
    return entry.settled || (is_lost(entry.held) && !entry.held->owner().empty());
  });
  return all.size() == 1 && all[0].held->owner().empty() ? all[0].held : nullptr;
}

bool Grants::settle_a_loss() {
  for (const Entry& entry : entries()) static_cast<void>(entry.held->stands());  // finds losses
  const MutexLock lock(mutex_);
  if (dropped_ > 0) {
    --dropped_;
    return true;
  }
  const auto lost = std::find_if(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return is_lost(entry.held) && !entry.settled && entry.held->owner().empty();
  });
  if (lost == entries_.end()) return false;
  lost->settled = true;
  return true;
}

}  // namespace zklock::internal
