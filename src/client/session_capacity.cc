#include "client/session_capacity.h"

#include <utility>

namespace zklock::internal {

bool SessionCapacity::is_left(const WatchTable::Totals& watched) const noexcept {
  return taken_->load() < kMostBytes &&
         watched.path_bytes + watched.count * (kLengthField + chroot_length_) < kMostWatchedBytes;
}

struct SessionCapacity::Place {
  Place(std::shared_ptr<Bytes> all, std::size_t own)
      : taken(std::move(all)), bytes(own), sum(taken->fetch_add(own) + own) {}
  ~Place() { taken->fetch_sub(bytes); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  const std::shared_ptr<Bytes> taken;
  const std::size_t bytes;
  const std::size_t sum;  // of all, this one included
};

std::shared_ptr<SessionCapacity::Place> SessionCapacity::take(std::size_t path_length) const {
  return std::make_shared<Place>(taken_, kLengthField + chroot_length_ + path_length);
}

std::shared_ptr<void> SessionCapacity::try_reserve(std::size_t path_length) const {
  std::shared_ptr<Place> place = take(path_length);
  return place->sum <= kLimit ? place : nullptr;
}

std::shared_ptr<void> SessionCapacity::reserve(std::size_t path_length) const {
  return take(path_length);
}

}  // namespace zklock::internal
