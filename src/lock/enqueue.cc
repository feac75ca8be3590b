#include "lock/enqueue.h"

#include <chrono>
#include <utility>
#include <vector>

#include "base/backoff.h"
#include "base/error_kinds.h"
#include "base/znode_path.h"
#include "lock/lock_directory.h"
#include "queue/claim_name.h"
#include "queue/standing.h"

namespace zklock::internal {

namespace {

/// A claim waits at most for this long for a session that has never been connected.
constexpr std::chrono::seconds kPatienceWithAFurtherSession{1};

/// Chooses the claim just ahead, if the sequence numbers give the order.
class AheadChooser final : public ClaimChooser {
 public:
  explicit AheadChooser(std::shared_ptr<const LockSettings> settings)
      : settings_(std::move(settings)) {}

  [[nodiscard]] std::string choose(const CreatedClaim& claim,
                                   const Children& queue) const override {
    if (queue.names.size() == 1) return {};  // the only claim
    const std::vector<ClaimName> claims =
        claims_by_sequence(queue.names, settings_->further_claim_markers);
    if (!sequence_order_is_certain(claims)) return {};
    return standing_of(name_of(claim.path), claims).ahead;
  }

 private:
  const std::shared_ptr<const LockSettings> settings_;
};

/// The servers may refuse a further session. Then the next attempt goes to whichever session has
/// capacity by that time.
Context context_to_enqueue(const LockCall& call, const ClaimClient& client) {
  const bool is_further_session = &client != call.settings->client.get();
  if (!is_further_session || client.session() || !call.context.may_wait()) return call.context;
  return call.context.with_timeout(kPatienceWithAFurtherSession);
}

/// Creates the claim, lists the queue and watches the claim ahead in one flight.
Result<Enqueued> create_and_list(const LockCall& call, QueuedClaim& claim, EnqueueRequest request,
                                 const Context& context) {
  const auto watch = std::make_shared<ClaimWatch>(call.monitor);
  if (context.may_wait()) {
    request.chooser = std::make_shared<AheadChooser>(call.settings);
    request.watcher = watch;
  }
  Result<Enqueued> enqueued = claim.client->enqueue(request, context);
  if (enqueued && !enqueued->watched.empty() && enqueued->ahead.stat.ephemeral_owner != 0) {
    claim.ahead = WatchedClaim{enqueued->watched, watch, std::move(enqueued->ahead)};
  }
  return enqueued;
}

/// Creates the claim, and lists the queue only if the claim is not known to be the first.
Result<Enqueued> create_alone(const LockCall& call, ClaimClient& client, EnqueueRequest request,
                              const Context& context) {
  request.list = false;
  Result<Enqueued> enqueued = client.enqueue(request, context);
  if (!enqueued) return enqueued;
  enqueued->queue = call.uncontended_path.confirm_first(client, enqueued->claim)
                        ? Result<Children>(Children{.names = {name_of(enqueued->claim.path)}})
                        : client.children(call.settings->path, context);
  return enqueued;
}

/// For clients that return no session with a claim: the current one, if it is that of the claim.
std::shared_ptr<const Session> session_of(const ClaimClient& client, const Stat& claim) {
  std::shared_ptr<const Session> session = client.session();
  return session && session->id() == claim.ephemeral_owner ? session : nullptr;
}

/// For the next attempt.
std::shared_ptr<ClaimClient> choose_client(const LockSettings& settings) {
  std::shared_ptr<ClaimClient> client = settings.client->with_capacity();
  return client ? client : settings.client;
}

/// One attempt.
Result<QueuedClaim> try_to_enqueue(const LockCall& call, std::shared_ptr<ClaimClient> client) {
  const LockSettings& settings = *call.settings;
  QueuedClaim claim;
  claim.sent_at = Platform::current().boot_now();
  claim.client = std::move(client);
  const Context context = context_to_enqueue(call, *claim.client);
  EnqueueRequest request{settings.path, to_json(settings.metadata(call.owner, call.trace)),
                         settings.acl};
  request.removal = settings.removal_of_claim(call.trace);
  Result<Enqueued> enqueued = call.uncontended_path.is_likely(*claim.client)
                                  ? create_alone(call, *claim.client, std::move(request), context)
                                  : create_and_list(call, claim, std::move(request), context);
  if (!enqueued) return enqueued.error();
  const Stat stat = enqueued->claim.stat;
  claim.stamp = ServerStamp{stat.czxid, stat.ctime, Platform::current().steady_now()};
  claim.created = std::move(enqueued->claim);
  if (!claim.created.session) claim.created.session = session_of(*claim.client, stat);
  if (claim.created.session) claim.session_lost = claim.created.session->lost();
  claim.node = ClaimNode(claim.created);
  claim.first_list = std::move(enqueued->queue);
  return claim;
}

}  // namespace

Result<QueuedClaim> enqueue(const LockCall& call) {
  bool has_made_directory = false;
  for (Backoff pause;;) {
    const std::shared_ptr<ClaimClient> client = choose_client(*call.settings);
    Result<QueuedClaim> claim = try_to_enqueue(call, client);
    if (claim) return claim;
    std::error_code error = claim.error();
    if (error == ZooKeeperErrc::no_node) {
      const DirectoryResult made = create_lock_directory(*call.settings, *client, call.context);
      if (made.error) return made.error;
      error = Errc::locking_timed_out;  // if there is no time to try again
      // Nothing has failed: the servers had removed an unused container. Once, as one that goes
      // again and again must not cause a storm of requests.
      if (!std::exchange(has_made_directory, true) && !has_ended(call.context)) continue;
    } else if (!is_retryable(error)) {
      return error;
    }
    pause.wait(call.context);
    // No attempt without time: the caller has to know how the last one that had time ended.
    if (has_ended(call.context)) return error;
  }
}

}  // namespace zklock::internal
