#include "lock/uncontended_path.h"

#include <atomic>
#include <chrono>
#include <limits>
#include <utility>

#include "base/mutex.h"
#include "queue/claim_name.h"

namespace zklock::internal {

namespace {

/// So often in a row a lock was granted at once that watching its directory will pay.
constexpr int kEnoughInARow = 4;

/// The lock has been granted but for this, which can wait for another time.
constexpr std::chrono::milliseconds kPatience{100};

/// From here on ZooKeeper's counter sticks, and hands out numbers twice.
constexpr std::int64_t kLastNumber = std::numeric_limits<std::int32_t>::max();

}  // namespace

/// Whatever it hears is the end of what is known of the directory: it may have been deleted, and
/// events be missed while there is no connection.
class UncontendedPath::DirectoryWatch final : public Watcher {
 public:
  void on_event(const WatchEvent&) override { has_fired_ = true; }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }
  [[nodiscard]] bool stands() const noexcept { return !has_fired_; }

 private:
  std::atomic<bool> has_fired_{false};
};

/// By that client, whose connections are counted apart from those of others.
bool UncontendedPath::is_watched(const ClaimClient& client) const {
  return client_ == &client && watch_ && watch_->stands();
}

bool UncontendedPath::is_likely(const ClaimClient& client) const {
  const MutexLock lock(mutex_);
  return in_a_row_ > 0 && last_ && is_watched(client);
}

bool UncontendedPath::confirm_first(const ClaimClient& client, const CreatedClaim& claim) {
  const auto sequence = claim_sequence(claim.path, {});
  const MutexLock lock(mutex_);
  const bool is_next =
      sequence && last_ && *last_ >= 0 && *sequence == *last_ + 1 && *sequence < kLastNumber;
  if (is_next && claim.connection == connection_ && is_watched(client)) return true;
  in_a_row_ = 0;
  return false;
}

void UncontendedPath::became_first(ClaimClient& client, const std::string& directory,
                                   const CreatedClaim& claim, bool at_once,
                                   const Context& context) {
  std::shared_ptr<DirectoryWatch> watch;
  {
    const MutexLock lock(mutex_);
    in_a_row_ = at_once ? in_a_row_ + 1 : 0;
    if (is_watched(client)) return;
    if (std::exchange(watch_, nullptr)) in_a_row_ = 0;  // not again at once
    last_.reset();
    connection_ = 0;
    if (in_a_row_ < kEnoughInARow) return;
    watch = std::make_shared<DirectoryWatch>();
  }
  const Result<Znode> read =
      client.get_and_watch(directory, watch, context.with_timeout(kPatience));
  // If the directory is younger than the claim, it is not the one that the claim is in.
  const bool is_known = read && read->connection != 0 && read->stat.czxid < claim.stat.czxid;
  if (!is_known) watch = nullptr;
  const MutexLock lock(mutex_);
  if (!watch) {
    in_a_row_ = 0;
    return;
  }
  watch_ = std::move(watch);
  client_ = &client;
  last_.reset();
  connection_ = read->connection;
  ++mark_;
}

UncontendedPath::Mark UncontendedPath::releasing() const {
  const MutexLock lock(mutex_);
  return mark_;
}

void UncontendedPath::released(Mark mark, const std::string& znode) {
  const MutexLock lock(mutex_);
  if (mark == mark_ && watch_) last_ = claim_sequence(znode, {});
}

}  // namespace zklock::internal
