#include "lock/wait_for_change.h"

#include <memory>
#include <optional>
#include <string>
#include <system_error>

#include "base/backoff.h"
#include "base/context_wait.h"
#include "base/error_kinds.h"
#include "lock/claim_watch.h"
#include "lock/list_entries.h"
#include "lock/lock_directory.h"
#include "queue/claim_name.h"

namespace zklock::internal {

namespace {

/// Names as well as tokens: some clients do not know the latter.
bool have_same_holder(const LockEntries& one, const LockEntries& other) {
  if (one.empty() || other.empty()) return one.empty() == other.empty();
  return one.begin()->fencing_token == other.begin()->fencing_token &&
         one.begin()->path == other.begin()->path;
}

/// The one for the next watch. One whose session has not begun is not waited for.
std::shared_ptr<ClaimClient> client_with_capacity(const LockSettings& settings) {
  std::shared_ptr<ClaimClient> client = settings.client->with_capacity();
  return client && client->session() ? client : settings.client;
}

/// One call.
class ChangeWait {
 public:
  ChangeWait(const LockSettings& settings, const LockEntries& known, const Context& context)
      : settings_(settings),
        client_(client_with_capacity(settings)),
        known_(known),
        context_(context) {}

  /// No claim can come in front of the holder's: while that stands, the holder is the same.
  LockEntries after(const LockEntry& holder) {
    return watch_until_changed(
        [&](const auto& watch) { return client_->get_and_watch(holder.path, watch, context_); },
        [&](const Result<Znode>& znode) {
          const bool is_missing = znode.error() == ZooKeeperErrc::no_node;
          if (is_missing) catch_up();
          const bool is_anothers = znode && znode->stat.czxid != holder.fencing_token;
          return is_missing || is_anothers ? look() : std::nullopt;
        });
  }

  LockEntries after_nobody() {
    return watch_until_changed(
        [&](const auto& watch) {
          return client_->children_and_watch(settings_.path, watch, context_);
        },
        [&](const Result<Children>& list) -> std::optional<LockEntries> {
          if (list) return may_have_claims(*list) ? look() : std::nullopt;
          if (list.error() == ZooKeeperErrc::no_node) make_directory();
          return std::nullopt;
        });
  }

 private:
  /// Reads something and watches it, again after each event, until `find` finds the change.
  template <class Read, class Find>
  LockEntries watch_until_changed(const Read& read, const Find& find) {
    for (Backoff pause;;) {
      const auto watch = std::make_shared<ClaimWatch>(monitor_);
      const auto state = read(watch);
      if (std::optional<LockEntries> changed = find(state)) return std::move(*changed);
      if (state) {
        when_unanswered_ = Errc::locking_timed_out;
        pause = Backoff();
        if (!await_deletion(*watch)) continue;
        if (std::optional<LockEntries> changed = look()) return std::move(*changed);
      } else if (state.error() == ZooKeeperErrc::no_node) {
        pause.wait(context_);
        if (has_ended(context_)) fail(context_.canceled() ? WaitEnd::canceled : WaitEnd::deadline);
      } else {
        pause_or_fail(pause, settings_.path, state.error(), when_unanswered_, context_);
      }
    }
  }

  /// The server may be behind the one that `known` comes from. A quorum write brings it up to date,
  /// whatever its outcome.
  void catch_up() const {
    static_cast<void>(client_->check(settings_.path, ZooKeeperClient::kAnyVersion, context_));
  }

  /// None: the holder is the same.
  [[nodiscard]] std::optional<LockEntries> look() const {
    LockEntries queue = list_entries(settings_, *client_, context_);
    if (have_same_holder(queue, known_)) return std::nullopt;
    return queue;
  }

  /// Other znodes may look like claims until they are read.
  [[nodiscard]] bool may_have_claims(const Children& list) const {
    return !claims_by_sequence(list.names, settings_.further_claim_markers).empty();
  }

  void make_directory() {
    const DirectoryResult made = create_lock_directory(settings_, *client_, context_);
    Backoff none;
    if (made.error) pause_or_fail(none, made.path, made.error, when_unanswered_, context_);
  }

  /// Waits for an event. Whether it is the deletion of what was watched: no read will find that.
  [[nodiscard]] bool await_deletion(const ClaimWatch& watch) const {
    WaitEnd end = WaitEnd::deadline;
    bool is_deleted = false;
    if (context_.may_wait()) {
      ContextWait wait(*monitor_, context_);
      MutexLock lock(monitor_->mutex);
      end = wait.wait(lock, [&watch] { return watch.news().any(); });
      is_deleted = watch.news().deleted;
    }
    if (end != WaitEnd::ready) fail(end);
    return is_deleted;
  }

  [[noreturn]] void fail(WaitEnd end) const {
    throw LockError(end == WaitEnd::canceled ? Errc::locking_canceled : Errc::locking_timed_out,
                    settings_.path + ": the holder has not changed" +
                        (client_->is_connected() ? "" : " (before the connection was lost)"),
                    error_of(end));
  }

  const LockSettings& settings_;
  const std::shared_ptr<ClaimClient> client_;
  const LockEntries& known_;
  const Context& context_;
  const std::shared_ptr<Monitor> monitor_ = std::make_shared<Monitor>();
  Errc when_unanswered_ = Errc::no_server_answered;  // until one has answered
};

}  // namespace

LockEntries wait_for_change(const LockSettings& settings, const LockEntries& known,
                            const Context& context) {
  ChangeWait wait(settings, known, context);
  return known.empty() ? wait.after_nobody() : wait.after(*known.begin());
}

}  // namespace zklock::internal
