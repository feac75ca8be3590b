#include "lock/grants.h"

#include <algorithm>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// A thread that ends without asking for its lost grant leaves an entry behind. Beyond this number
/// the oldest of those are dropped.
constexpr std::size_t kMostEntries = 1'000;

}  // namespace

void Grants::add(Held held) {
  const std::uint64_t thread = this_thread_number();
  std::vector<Entry> dropped;  // destroyed without the mutex
  const MutexLock lock(mutex_);
  const auto has_ended = [](const Entry& entry) {
    return static_cast<bool>(entry.held->loss_reason());
  };
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    // Another owner of this thread may still have to learn of its loss.
    const bool is_superseded =
        entry->thread == thread && has_ended(*entry) && entry->held->owner() == held->owner();
    const bool is_one_too_many = entries_.size() >= kMostEntries && has_ended(*entry);
    if (is_superseded || is_one_too_many) {
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

std::vector<Grants::Held> Grants::take_all() {
  std::vector<Entry> entries;
  {
    const MutexLock lock(mutex_);
    entries.swap(entries_);
  }
  std::vector<Held> all;
  all.reserve(entries.size());
  for (Entry& entry : entries) all.push_back(std::move(entry.held));
  return all;
}

std::vector<Grants::Entry> Grants::entries() const {
  const MutexLock lock(mutex_);
  return entries_;
}

/// Looks at the grants without the mutex: valid() may find out that a lease is lost, and then calls
/// the client.
template <class Matches>
Grants::Held Grants::last(const Matches& matches) const {
  const std::vector<Entry> all = entries();
  const auto found = std::find_if(all.rbegin(), all.rend(), matches);
  return found != all.rend() ? found->held : nullptr;
}

Grants::Held Grants::current() const {
  return last([](const Entry& entry) { return entry.held->valid(); });
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

}  // namespace zklock::internal
