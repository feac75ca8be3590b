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
#include "client/pending_answer.h"
#include "client/protected_name.h"

namespace zklock::internal {

namespace {

/// Of a random id.
constexpr std::size_t kHexDigits = 32;

std::string random_id() {
  // One after the other: as arguments of one call they would be drawn in an order that differs
  // between compilers, and a simulation with them.
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

  /// Empty: nothing was created, and nothing will be.
  std::optional<Result<Enqueued>> run(const Context& context) {
    const auto flight = std::make_shared<Flight>();
    connection_.wire->create(
        join_path(request_.directory, protected_name(id_, request_.prefix)), request_.data,
        request_.acl, Wire::CreateMode::ephemeral_sequential,
        [flight, connection = connection_, keeper = keeper_.shared_from_this(),
         reservation = request_.reservation](Result<Created> answer) {
          if (!answer) return flight->created(answer.error());
          flight->created(CreatedClaim{
              {std::move(*answer)}, connection.session, keeper->last_connection(), reservation});
        });
    Result<Enqueued> enqueued = Enqueued{};
    if (request_.list_after) {
      list(flight);
      // It is answered last: this thread is woken once.
      enqueued = flight->done.wait(context);
    }
    // The callback holds no reference to the attempt, which is over then.
    Result<CreatedClaim> answer = flight->claim.wait(
        context,
        [removals = removals_, session = connection_.session, directory = request_.directory,
         id = id_, reservation = request_.reservation](const Result<CreatedClaim>& late) {
          if (late) {
            removals->add(session, late->path, reservation);
          } else if (is_ambiguous(late.error())) {
            removals->add_unknown(session, directory, id, reservation);
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
  /// Create and list, under way.
  struct Flight {
    PendingAnswer<CreatedClaim> claim;
    PendingAnswer<Enqueued> done;  // the list, and what came after it

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

  /// In the same flight: the servers answer a session's requests in order, so the list has the
  /// claim.
  void list(const std::shared_ptr<Flight>& flight) {
    connection_.wire->children(
        request_.directory,
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

  /// `operation_timeout` may be libzookeeper's, of a silent server, or the context's.
  static bool has_ended(std::error_code error, const Context& context) {
    return is_end_of_context(error) && internal::has_ended(context);
  }

  /// The answer was lost: what has become of it?
  std::optional<Result<Enqueued>> find(const Context& context) {
    for (Backoff pause;; pause.wait(context)) {
      Result<SessionConnection> connection = keeper_.await_connection(context);
      if (!connection) {
        removals_->add_unknown(connection_.session, request_.directory, id_, request_.reservation);
        return connection.error();
      }
      if (connection->session != connection_.session)
        return std::nullopt;  // it took the znode along
      Result<Enqueued> found = look(*connection, context);
      if (found) {
        if (found->claim.path.empty()) return std::nullopt;
        return found;
      }
      if (has_ended(found.error(), context) || !is_retryable(found.error())) {
        removals_->add_unknown(connection_.session, request_.directory, id_, request_.reservation);
        return found.error();
      }
    }
  }

  /// Lists behind a write of this session: another server than before may not have heard of the
  /// create yet, but it has once it answers that write. No path: it is not there.
  Result<Enqueued> look(const SessionConnection& connection, const Context& context) {
    const auto barrier = std::make_shared<PendingAnswer<void>>();
    const auto listed = std::make_shared<PendingAnswer<Children>>();
    connection.wire->check(request_.directory, ZooKeeperClient::kAnyVersion,
                           [barrier](Result<void> answer) { barrier->complete(answer); });
    connection.wire->children(request_.directory, [listed](Result<Children> answer) {
      listed->complete(std::move(answer));
    });
    const Result<void> passed = barrier->wait(context);
    if (!is_decided(passed.error())) return passed.error();
    Result<Children> list = listed->wait(context);
    if (!list) {
      if (list.error() == ZooKeeperErrc::no_node) return Enqueued{};  // the directory is gone
      return list.error();
    }
    const auto name = std::find_if(list->names.begin(), list->names.end(), [&](const auto& child) {
      return child.find(id_) != std::string::npos;
    });
    if (name == list->names.end()) return Enqueued{};
    return adopt(connection, join_path(request_.directory, *name), std::move(*list), context);
  }

  Result<Enqueued> adopt(const SessionConnection& connection, const std::string& path,
                         Children list, const Context& context) {
    const auto read = std::make_shared<PendingAnswer<Znode>>();
    connection.wire->get(path, false,
                         [read](Result<Znode> answer) { read->complete(std::move(answer)); });
    const Result<Znode> znode = read->wait(context);
    if (!znode) {
      if (znode.error() == ZooKeeperErrc::no_node) return Enqueued{};  // somebody removed it
      return znode.error();
    }
    if (znode->stat.ephemeral_owner != connection_.session->id()) return Enqueued{};
    return Enqueued{
        CreatedClaim{
            {path, znode->stat}, connection_.session, connection.number, request_.reservation},
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
  for (Backoff pause;; pause.wait(context)) {
    Result<SessionConnection> connection = keeper.await_connection(context);
    if (!connection) return connection.error();
    std::optional<Result<Enqueued>> end =
        Attempt(keeper, removals, request, std::move(*connection)).run(context);
    if (end) return std::move(*end);
  }
}

}  // namespace zklock::internal
