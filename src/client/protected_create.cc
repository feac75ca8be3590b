#include "client/protected_create.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <optional>
#include <utility>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/mutex.h"
#include "base/znode_path.h"
#include "client/list_behind_write.h"
#include "client/pending_answer.h"
#include "client/protected_name.h"

namespace zklock::internal {

namespace {

/// Digits of a random id.
constexpr std::size_t kHexDigits = 32;

std::string random_id() {
  // Two statements: the order of two draws as arguments of one call differs between compilers, and
  // would make the simulation differ.
  const std::uint64_t first = Platform::current().random();
  const std::uint64_t second = Platform::current().random();
  std::array<char, kHexDigits + 1> hex{};
  std::snprintf(hex.data(), hex.size(), "%016llx%016llx", static_cast<unsigned long long>(first),
                static_cast<unsigned long long>(second));
  return hex.data();
}

/// One attempt under one id, in one session.
class Attempt {
 public:
  Attempt(SessionKeeper& keeper, std::shared_ptr<RemovalList> removals,
          const ProtectedCreate& request, SessionConnection connection)
      : keeper_(keeper),
        removals_(std::move(removals)),
        request_(request),
        connection_(std::move(connection)),
        id_(random_id()) {}

  /// Empty: nothing was created, nothing will be, and another attempt may follow.
  std::optional<Result<Enqueued>> run(const Context& context) {
    const auto flight = std::make_shared<Flight>();
    connection_.wire->create(
        join_path(request_.directory, protected_name(id_, request_.prefix)), request_.data,
        request_.acl, Wire::CreateMode::ephemeral_sequential,
        [flight, connection = connection_, keeper = keeper_.shared_from_this(),
         reservation = request_.reservation](Result<Created> answer) {
          if (!answer) return flight->created(answer.error());
          flight->created(CreatedClaim{
              {std::move(*answer)}, {connection.session, keeper->last_connection(), reservation}});
        });
    Result<Enqueued> enqueued = Enqueued{};
    if (request_.list_after) {
      list(flight);
      // Wait for the last answer first, so that this thread is woken once only.
      enqueued = flight->done.wait(context);
    }
    // The callback may run after the attempt has ended, so it holds no reference to it.
    Result<CreatedClaim> answer =
        flight->claim.wait(context, [removals = removals_, session = connection_.session,
                                     directory = request_.directory, id = id_,
                                     kept = kept_for_removal()](const Result<CreatedClaim>& late) {
          if (late) {
            removals->add(session, late->path, kept);
          } else if (is_ambiguous(late.error())) {
            removals->add_unknown(session, directory, id, kept);
          }
        });
    if (answer) {
      if (!enqueued) enqueued = Enqueued{.queue = enqueued.error()};
      enqueued->claim = std::move(*answer);
      return enqueued;
    }
    if (flight->claim.is_abandoned() || !is_ambiguous(answer.error())) return answer.error();
    return find(context);
  }

 private:
  /// A create and a list that are under way.
  struct Flight {
    PendingAnswer<CreatedClaim> claim;
    PendingAnswer<Enqueued> done;  // the list, and the result of and_then

    void created(Result<CreatedClaim> answer) {
      if (answer) {
        const MutexLock lock(mutex_);
        known_ = *answer;
      }
      claim.complete(std::move(answer));
    }
    [[nodiscard]] std::optional<CreatedClaim> known_claim() {
      const MutexLock lock(mutex_);
      return known_;
    }

   private:
    Mutex mutex_;
    std::optional<CreatedClaim> known_ ZKLOCK_GUARDED_BY(mutex_);
  };

  /// In the same flight as the create: servers answer a session's requests in order, so the list
  /// has the claim.
  void list(const std::shared_ptr<Flight>& flight) {
    connection_.wire->children(
        request_.directory, false,
        [flight, connection = connection_, and_then = request_.and_then](Result<Children> answer) {
          const std::optional<CreatedClaim> claim = flight->known_claim();
          if (!answer || !claim || !and_then) {
            flight->done.complete(Enqueued{.queue = std::move(answer)});
            return;
          }
          and_then(connection, Enqueued{*claim, std::move(answer)},
                   [flight](Enqueued enqueued) { flight->done.complete(std::move(enqueued)); });
        });
  }

  /// The answer was lost: finds out what the create did. Empty: as for `run`.
  std::optional<Result<Enqueued>> find(const Context& context) {
    for (Backoff backoff;; backoff.wait(context)) {
      Result<SessionConnection> connection = keeper_.await_connection(context);
      if (!connection) return give_up(connection.error());
      // The znode went with its session.
      if (connection->session != connection_.session) return std::nullopt;
      Result<Enqueued> found = look(*connection, context);
      if (found) {
        if (found->claim.path.empty()) return std::nullopt;
        return found;
      }
      const std::error_code error = found.error();
      const bool is_over = is_end_of_context(error) && has_ended(context);
      if (is_over || !is_retryable(error)) return give_up(error);
    }
  }

  Result<Enqueued> give_up(std::error_code error) {
    removals_->add_unknown(connection_.session, request_.directory, id_, kept_for_removal());
    return error;
  }

  [[nodiscard]] RemovalList::Kept kept_for_removal() const {
    return {request_.reservation, request_.removal};
  }

  /// No path: nothing was created, and nothing will be.
  Result<Enqueued> look(const SessionConnection& connection, const Context& context) {
    const auto barrier = std::make_shared<PendingAnswer<void>>();
    const auto list = std::make_shared<PendingAnswer<Children>>();
    list_behind_write(
        connection, request_.directory,
        [barrier](Result<void> answer) { barrier->complete(answer); },
        [list](Result<Children> answer) { list->complete(std::move(answer)); });
    const std::error_code written = barrier->wait(context).error();
    if (!is_decided(written)) return written;
    Result<Children> listed = list->wait(context);
    Result<std::string> path = find_created(written, listed, request_.directory, id_);
    if (!path) return path.error();
    if (path->empty()) return Enqueued{};
    return adopt(connection, *path, std::move(*listed), context);
  }

  Result<Enqueued> adopt(const SessionConnection& connection, const std::string& path,
                         Children list, const Context& context) {
    const auto read = std::make_shared<PendingAnswer<Znode>>();
    connection.wire->get(path, false,
                         [read](Result<Znode> answer) { read->complete(std::move(answer)); });
    const Result<Znode> znode = read->wait(context);
    if (!znode) {
      if (znode.error() == ZooKeeperErrc::no_node) return Enqueued{};  // it was removed
      return znode.error();
    }
    if (znode->stat.ephemeral_owner != connection_.session->id()) return Enqueued{};
    return Enqueued{CreatedClaim{{path, znode->stat},
                                 {connection_.session, connection.number, request_.reservation}},
                    std::move(list)};
  }

  SessionKeeper& keeper_;
  const std::shared_ptr<RemovalList> removals_;
  const ProtectedCreate& request_;
  const SessionConnection connection_;
  const std::string id_;
};

}  // namespace

std::size_t ProtectedCreate::path_length() const {
  constexpr std::size_t kSequenceNumber = 10;
  static const std::size_t id_length = protected_name(std::string(kHexDigits, '0'), "").size();
  return directory.size() + 1 + id_length + prefix.size() + kSequenceNumber;
}

Result<Enqueued> create_protected(SessionKeeper& keeper,
                                  const std::shared_ptr<RemovalList>& removals,
                                  const ProtectedCreate& request, const Context& context) {
  for (Backoff backoff;; backoff.wait(context)) {
    Result<SessionConnection> connection = keeper.await_connection(context);
    if (!connection) return connection.error();
    std::optional<Result<Enqueued>> end =
        Attempt(keeper, removals, request, std::move(*connection)).run(context);
    if (end) return std::move(*end);
  }
}

}  // namespace zklock::internal
