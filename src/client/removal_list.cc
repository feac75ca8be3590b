#include "client/removal_list.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/context_wait.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "base/znode_path.h"
#include "client/list_behind_write.h"
#include "client/protected_name.h"

namespace zklock::internal {

namespace {

/// After a refusal that is neither final nor cured by a reconnect, such as that of a throttled
/// server.
constexpr std::chrono::milliseconds kPause{1'000};

}  // namespace

RemovalList::RemovalList(std::shared_ptr<SessionKeeper> keeper,
                         std::shared_ptr<Background> background, Log log)
    : keeper_(std::move(keeper)), background_(std::move(background)), log_(std::move(log)) {}

void RemovalList::add(const std::shared_ptr<SessionState>& session, const std::string& path,
                      Kept kept) {
  add(Entry{session, "", path, std::move(kept)});
}

void RemovalList::add_unknown(const std::shared_ptr<SessionState>& session,
                              const std::string& directory, const std::string& id, Kept kept) {
  add(Entry{session, directory, id, std::move(kept)});
}

/// As far as it is known.
std::string RemovalList::Entry::path() const {
  return directory.empty() ? what : join_path(directory, protected_prefix(what));
}

void RemovalList::add(Entry entry) {
  const auto has_session = [&] { return entry.session && entry.session == keeper_->session(); };
  if (!has_session()) return;  // the node went with it
  // First: once it is in the list, another thread may report its end.
  if (entry.kept.listener) entry.kept.listener->on_pending(entry.path());
  {
    MutexLock lock(monitor_.mutex);
    if (!has_session()) {
      lock.unlock();
      if (entry.kept.listener) entry.kept.listener->on_removed(entry.path());
      return;
    }
    entries_.emplace(++last_number_, entry);
  }
  if (const std::optional<SessionConnection> connection = keeper_->connection()) retry(*connection);
}

void RemovalList::retry(const SessionConnection& connection) {
  std::vector<std::pair<Number, Entry>> due;
  {
    const MutexLock lock(monitor_.mutex);
    for (auto& [number, entry] : entries_) {
      if (entry.trying || entry.session != connection.session) continue;
      entry.trying = true;
      due.emplace_back(number, entry);
    }
  }
  for (const auto& [number, entry] : due) attempt(connection, number, entry);
}

void RemovalList::forget(const std::shared_ptr<SessionState>& session) {
  std::vector<Entry> gone;
  {
    const MutexLock lock(monitor_.mutex);
    for (auto known = entries_.begin(); known != entries_.end();) {
      const auto here = known++;
      if (here->second.session != session) continue;
      gone.push_back(std::move(here->second));
      entries_.erase(here);
    }
  }
  monitor_.changed->notify_all();
  for (const Entry& entry : gone) report_gone(entry);
}

void RemovalList::report_gone(const Entry& entry) {
  if (entry.kept.listener) entry.kept.listener->on_removed(entry.path());
}

PendingRemovals RemovalList::pending() const {
  const MutexLock lock(monitor_.mutex);
  return PendingRemovals{entries_.size(), last_error_};
}

Result<void> RemovalList::await_empty(const Context& context) {
  ContextWait wait(monitor_, context);
  MutexLock lock(monitor_.mutex);
  switch (wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return entries_.empty(); })) {
    case WaitEnd::ready:
      return {};
    case WaitEnd::canceled:
      return ZooKeeperErrc::canceled;
    case WaitEnd::deadline:
      break;
  }
  return last_error_ ? last_error_ : make_error_code(ZooKeeperErrc::operation_timeout);
}

void RemovalList::attempt(const SessionConnection& connection, Number number, const Entry& entry) {
  if (entry.directory.empty()) {
    remove(connection, number, entry.what);
  } else {
    find_and_remove(connection, number, entry);
  }
}

void RemovalList::find_and_remove(const SessionConnection& connection, Number number,
                                  const Entry& entry) {
  const auto written = std::make_shared<std::error_code>();
  list_behind_write(
      connection, entry.directory, [written](Result<void> answer) { *written = answer.error(); },
      [self = shared_from_this(), connection, number, written, directory = entry.directory,
       id = entry.what](const Result<Children>& listed) {
        const Result<std::string> path = find_created(*written, listed, directory, id);
        if (path && !path->empty()) {
          self->remove(connection, number, *path);
        } else {
          self->answered(connection, number, directory, path.error());
        }
      });
}

void RemovalList::remove(const SessionConnection& connection, Number number,
                         const std::string& path) {
  connection.wire->remove(
      path, ZooKeeperClient::kAnyVersion,
      [self = shared_from_this(), connection, number, path](Result<void> answer) {
        self->answered(connection, number, path, answer.error());
      });
}

void RemovalList::answered(const SessionConnection& connection, Number number,
                           const std::string& path, std::error_code error) {
  const bool is_gone = !error || error == ZooKeeperErrc::no_node;
  Entry entry;
  {
    const MutexLock lock(monitor_.mutex);
    const auto known = entries_.find(number);
    if (known == entries_.end()) return;  // its session is gone
    entry = known->second;
    if (is_gone) {
      entries_.erase(known);
    } else {
      known->second.trying = false;
      last_error_ = error;
    }
  }
  if (is_gone) {
    monitor_.changed->notify_all();
    report_gone(entry);
    return;
  }
  if (error == ZooKeeperErrc::no_auth) {
    log_.error([&] {
      return with_trace(
          "no permission to remove " + path + ", which would block its queue: ending the session",
          entry.trace());
    });
    if (entry.kept.listener) entry.kept.listener->on_failed(entry.path(), error);
    keeper_->replace_session(connection.session, LossReason::session_expired);
    return;
  }
  log_.warning([&] {
    return with_trace("could not remove " + path + " yet: " + error.message(), entry.trace());
  });
  const std::optional<SessionConnection> now = keeper_->connection();
  if (ends_with_connection(error)) {
    // The reconnect may have come before this answer was processed.
    if (now && now->number != connection.number) retry(*now);
    return;
  }
  const SteadyTime at = Platform::current().steady_now() + kPause;
  background_->timers.schedule(at, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    if (const std::optional<SessionConnection> up = self->keeper_->connection()) self->retry(*up);
  });
}

}  // namespace zklock::internal
