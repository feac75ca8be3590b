#include "waiting_claims.h"

namespace zklock::internal {

std::shared_ptr<WaitingClaims::Progress> WaitingClaims::add(const std::string& path,
                                                            std::int64_t czxid) {
  const Key key(path, czxid);
  // Who waits behind it may keep it for longer than the claim waits: it is in the way of nothing,
  // as no claim comes again.
  std::shared_ptr<Progress> progress(new Progress, [table = table_, key](Progress* ended) {
    {
      const std::scoped_lock lock(table->mutex);
      table->claims.erase(key);
    }
    delete ended;  // NOLINT(cppcoreguidelines-owning-memory): this is its owner
  });
  const std::scoped_lock lock(table_->mutex);
  table_->claims[key] = progress;
  return progress;
}

std::shared_ptr<const WaitingClaims::Progress> WaitingClaims::find(const std::string& path,
                                                                   std::int64_t czxid) const {
  const std::scoped_lock lock(table_->mutex);
  const auto found = table_->claims.find(Key(path, czxid));
  return found == table_->claims.end() ? nullptr : found->second.lock();
}

}  // namespace zklock::internal
