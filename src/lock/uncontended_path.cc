#include "lock/uncontended_path.h"

#include <atomic>
#include <chrono>
#include <limits>
#include <utility>

#include "base/mutex.h"
#include "queue/claim_name.h"

namespace zklock::internal {

namespace {

/// After so many grants at once in a row, watching the directory pays.
constexpr int kEnoughInARow = 4;

/// The caller waits for this before it gets the lock. It can be done at another time.
constexpr std::chrono::milliseconds kPatienceWithRead{100};

/// ZooKeeper's counter sticks here, and gives the same number twice.
constexpr std::int64_t kLastNumber = std::numeric_limits<std::int32_t>::max();

}  // namespace

/// Any event ends the knowledge of the directory: the directory may have been deleted, and without
/// a connection events may be missed.
class UncontendedPath::DirectoryWatch final : public Watcher {
 public:
  void on_event(const WatchEvent&) override { has_fired_ = true; }
  [[nodiscard]] bool is_prompt() const noexcept override { return true; }
  [[nodiscard]] bool stands() const noexcept { return !has_fired_; }

 private:
  std::atomic<bool> has_fired_{false};
};

/// By this client: each client numbers its own connections.
bool UncontendedPath::is_watched(const ClaimClient& client) const {
  return client_.lock().get() == &client && watch_ && watch_->stands();
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

void UncontendedPath::became_first(const std::shared_ptr<ClaimClient>& client,
                                   const std::string& directory, const CreatedClaim& claim,
                                   bool at_once, const Context& context) {
  std::shared_ptr<DirectoryWatch> watch;
  {
    const MutexLock lock(mutex_);
    in_a_row_ = at_once ? in_a_row_ + 1 : 0;
    if (is_watched(*client)) return;
    if (std::exchange(watch_, nullptr)) in_a_row_ = 0;  // do not watch again at once
    last_.reset();
    connection_ = 0;
    if (in_a_row_ < kEnoughInARow) return;
    watch = std::make_shared<DirectoryWatch>();
  }
  const Result<Znode> read =
      client->get_and_watch(directory, watch, context.with_timeout(kPatienceWithRead));
  // A directory that is younger than the claim is not the directory of the claim.
  const bool is_known = read && read->connection != 0 && read->stat.czxid < claim.stat.czxid;
  if (!is_known) watch = nullptr;
  const MutexLock lock(mutex_);
  if (!watch) {
    in_a_row_ = 0;
    return;
  }
  watch_ = std::move(watch);
  client_ = client;
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
