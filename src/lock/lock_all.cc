#include <zklock/lock_all.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>

#include "base/of_this_process.h"
#include "base/platform.h"

namespace zklock {

namespace {

using internal::SteadyTime;

/// How long a call whose deadline has passed waits for the locks that it gives back. The rest is
/// done in the background.
constexpr std::chrono::milliseconds kGivingBack{30};

struct Place {
  std::string path;
  Lock* lock;
};

/// Those without a path come last.
bool comes_before(const Place& one, const Place& other) {
  if (one.path.empty() || other.path.empty()) return other.path.empty() && !one.path.empty();
  return one.path < other.path;
}

/// The locks in the order in which everybody locks them. Throws LockError.
std::vector<Place> in_order(std::span<Lock* const> locks) {
  if (locks.empty()) throw LockError(Errc::invalid_config, "lock_all: there are no locks");
  std::vector<Place> places;
  for (Lock* const lock : locks) {
    if (lock == nullptr) throw LockError(Errc::invalid_config, "lock_all: a lock is null");
    const bool is_repeated = std::any_of(places.begin(), places.end(),
                                         [&](const Place& other) { return other.lock == lock; });
    if (is_repeated) {
      throw LockError(Errc::invalid_config, "lock_all: a lock is given twice: " + lock->path());
    }
    Place place{lock->path(), lock};
    const auto behind = std::upper_bound(places.begin(), places.end(), place, comes_before);
    places.insert(behind, std::move(place));
  }
  for (std::size_t i = 1; i < places.size(); ++i) {
    const std::string& path = places[i].path;
    if (!path.empty() && path == places[i - 1].path) {
      throw LockError(Errc::invalid_config, "lock_all: two locks have the path " + path);
    }
  }
  return places;
}

}  // namespace

/// The locks that are held, the last one at the end.
class ZKLOCK_HIDDEN LockAllGuard::Held {
 public:
  Held() = default;
  ~Held() {
    while (!parts_.empty()) parts_.pop_back();
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  /// Throws what the lock throws, or LockError `lock_lost` if an earlier one was lost meanwhile.
  void add(Lock& lock, const Context& context) {
    try {
      parts_.push_back(std::make_unique<Part>(lock, context.with_stop_token(lost()), lost_));
    } catch (...) {
      give_up();
      throw;
    }
  }

  /// Waits for those that are suspended. Throws what await_certainty throws, and `lock_lost`.
  void expect_all_valid(const Context& context) {
    try {
      for (const auto& part : parts_) {
        if (!part->lease().valid() && !part->lease().loss_reason()) {
          part->lease().await_certainty(context);
        }
      }
    } catch (...) {
      give_up();
      throw;
    }
    if (valid()) return;
    give_up();
    throw LockError(Errc::lock_lost, "lock_all: a lock was released while others were awaited");
  }

  void unlock(const Context& context) {
    std::exception_ptr first;
    for (std::size_t left = parts_.size(); left > 0; --left) {
      try {
        // After the deadline, each one would get time for an attempt: too much for many.
        const bool is_late = left < parts_.size() && context.expired();
        parts_[left - 1]->guard.unlock(is_late ? giving_up() : context);
      } catch (...) {
        if (!first) first = std::current_exception();
      }
    }
    if (first) std::rethrow_exception(first);
  }

  [[nodiscard]] bool valid() const noexcept {
    return !parts_.empty() && std::all_of(parts_.begin(), parts_.end(),
                                          [](const auto& part) { return part->lease().valid(); });
  }
  [[nodiscard]] std::stop_token lost() const noexcept { return lost_.get_token(); }
  /// The first lease of which this is true; an empty one if there is none.
  template <class Condition>
  [[nodiscard]] Lease find(const Condition& condition) const noexcept {
    for (const auto& part : parts_) {
      if (condition(*part)) return part->lease();
    }
    return {};
  }
  [[nodiscard]] Lease lost_one() const noexcept {
    return find([](const Part& part) { return static_cast<bool>(part.lease().loss_reason()); });
  }
  [[nodiscard]] Lease of(const Lock& lock) const noexcept {
    return find([&](const Part& part) { return part.lock == &lock; });
  }
  [[nodiscard]] SteadyTime valid_until() const noexcept {
    SteadyTime until = parts_.empty() ? SteadyTime::min() : SteadyTime::max();
    for (const auto& part : parts_) until = std::min(until, part->lease().valid_until());
    return until;
  }

 private:
  struct Stop {
    std::stop_source lost;
    void operator()() const noexcept {
      const std::stop_source kept = lost;  // a callback may destroy the guard, and this object
      kept.request_stop();
    }
  };
  struct Part {
    Part(Lock& held, const Context& context, const std::stop_source& lost)
        : lock(&held), guard(held, context), on_loss(guard.lease().lost(), Stop{lost}) {}
    [[nodiscard]] const Lease& lease() const noexcept { return guard.lease(); }

    const Lock* lock;
    LockGuard guard;
    std::stop_callback<Stop> on_loss;
  };

  /// The time for each one of those that are given back late.
  [[nodiscard]] Context giving_up() const {
    const auto count = static_cast<std::int64_t>(std::max<std::size_t>(parts_.size(), 1));
    return Context().with_timeout(std::chrono::nanoseconds(kGivingBack) / count);
  }

  /// Gives back what is held. Throws LockError `lock_lost` if one of them was lost.
  void give_up() {
    const Lease lost = lost_one();
    const Context context = giving_up();
    for (; !parts_.empty(); parts_.pop_back()) {
      try {
        parts_.back()->guard.unlock(context);
      } catch (...) {  // logged and reported to the observer; the claim is removed in any case
      }
    }
    if (lost) throw LockError(Errc::lock_lost, lost.znode() + ": " + lost.loss_reason().message());
  }

  std::stop_source lost_;
  std::vector<std::unique_ptr<Part>> parts_;
};

LockAllGuard::LockAllGuard(const Context& context, std::span<Lock* const> locks)
    : held_(internal::make_of_this_process<Held>()) {
  for (const Place& place : in_order(locks)) held_->add(*place.lock, context);
  held_->expect_all_valid(context);
}

LockAllGuard::~LockAllGuard() = default;

bool LockAllGuard::valid() const noexcept { return held_->valid(); }

std::chrono::steady_clock::time_point LockAllGuard::valid_until() const noexcept {
  return held_->valid_until();
}

std::stop_token LockAllGuard::lost() const noexcept { return held_->lost(); }

std::error_code LockAllGuard::loss_reason() const noexcept {
  return held_->lost_one().loss_reason();
}

Lease LockAllGuard::lease(const Lock& lock) const noexcept { return held_->of(lock); }

void LockAllGuard::unlock(const Context& context) { held_->unlock(context); }

}  // namespace zklock
