#include "session_room.h"

#include <utility>

namespace zklock::internal {

void SessionRoom::take(Created& claim) const {
  /// Lives as long as a claim refers to its session.
  struct Place {
    Place(std::shared_ptr<const Session> of, std::shared_ptr<Bytes> all, std::size_t own)
        : session(std::move(of)), taken(std::move(all)), bytes(own) {
      taken->fetch_add(bytes);
    }
    ~Place() { taken->fetch_sub(bytes); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    const std::shared_ptr<const Session> session;
    const std::shared_ptr<Bytes> taken;
    const std::size_t bytes;
  };
  constexpr std::size_t kLengthField = 4;
  const Session* const session = claim.session.get();
  const auto place = std::make_shared<Place>(std::move(claim.session), taken_,
                                             kLengthField + chroot_length_ + claim.path.size());
  claim.session = std::shared_ptr<const Session>(place, session);
}

}  // namespace zklock::internal
