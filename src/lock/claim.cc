#include "lock/claim.h"

#include <chrono>
#include <utility>

#include "base/error_kinds.h"
#include "base/znode_path.h"

namespace zklock::internal {

namespace {

/// How long a failing `lock` waits until its claim is gone, before it leaves that to the
/// background.
constexpr std::chrono::milliseconds kGiveUpPatience{30};
/// How long a claim waits for a session that has never been.
constexpr std::chrono::seconds kPatienceWithAFurtherSession{1};
/// How often a claim is written anew because its TTL was half over before the answer came.
constexpr int kMostWritesOfAGrant = 10;

/// The claim just ahead, where the list tells.
class AheadChooser final : public ClaimChooser {
 public:
  explicit AheadChooser(std::shared_ptr<const LockSettings> settings)
      : settings_(std::move(settings)) {}

  [[nodiscard]] std::string choose(const CreatedClaim& claim,
                                   const Children& queue) const override {
    if (queue.names.size() == 1) return {};  // nobody else
    const std::vector<ClaimName> claims =
        claims_by_sequence(queue.names, settings_->further_claim_markers);
    if (!sequence_order_is_certain(claims)) return {};
    return standing_of(name_of(claim.path), claims).ahead;
  }

 private:
  const std::shared_ptr<const LockSettings> settings_;
};

}  // namespace

Claim::Claim(std::shared_ptr<const LockSettings> settings, HolderMemory& memory,
             UncontendedPath& uncontended_path, std::string owner)
    : settings_(std::move(settings)),
      memory_(memory),
      uncontended_path_(uncontended_path),
      owner_(std::move(owner)) {}

Claim::~Claim() { give_up(); }

std::shared_ptr<HeldClaim> Claim::acquire(const Context& context) {
  for (Backoff pause;; pause.wait(context)) {
    enqueue(context);
    if (await_turn(context) == NextStep::granted) {
      if (progress_) progress_->become_first();
      uncontended_path_.became_first(*client_, settings_->path, created_, !waited_, context);
      if (claim_the_lock(context) == NextStep::granted) return grant();
    }
    settings_->log.info([this] { return "queueing anew: " + node_.path() + " is gone"; });
    settings_->observe([this](LockObserver& observer) { observer.on_requeued(node_.path()); });
    give_up();
    if (has_ended(context)) fail(ZooKeeperErrc::operation_timeout, context);
  }
}

void Claim::enqueue(const Context& context) {
  for (Backoff pause;; pause.wait(context)) {
    sent_at_ = Platform::current().boot_now();
    own_watch_.reset();
    ahead_.reset();
    second_ahead_.reset();
    not_claims_.clear();  // the directory may be another one
    Result<Enqueued> enqueued = create(context);
    if (enqueued) {
      created_ = std::move(enqueued->claim);
      const CreatedClaim& claim = created_;
      created_stamp_ =
          ServerStamp{claim.stat.czxid, claim.stat.ctime, Platform::current().steady_now()};
      session_lost_ = claim.session ? claim.session->lost() : std::stop_token();
      name_ = name_of(claim.path);
      node_ = ClaimNode(claim);
      first_list_ = std::move(enqueued->queue);
      waited_ = is_long_wait_ = false;
      progress_.reset();
      watches_itself_at_.reset();
      last_look_at_.reset();
      return;
    }
    if (enqueued.error() == ZooKeeperErrc::no_node) {
      create_directory(context);
    } else if (!retries(enqueued.error(), context)) {
      fail(enqueued.error(), context);
    }
    if (has_ended(context)) fail(ZooKeeperErrc::operation_timeout, context);
  }
}

/// A further session may be one that the servers do not take: then the next attempt goes where
/// there is room by that time.
Context Claim::context_to_enqueue(const Context& context) const {
  const bool is_further_one = client_ != settings_->client;
  if (!is_further_one || client_->session() || !context.may_wait()) return context;
  return context.with_timeout(kPatienceWithAFurtherSession);
}

/// With the list in the same flight, unless the claim is likely to be known as the first without.
Result<Enqueued> Claim::create(const Context& caller) {
  client_ = settings_->client->with_capacity();
  if (!client_) client_ = settings_->client;
  const Context context = context_to_enqueue(caller);
  std::string data = to_json(settings_->metadata(owner_));
  if (!uncontended_path_.is_likely(*client_)) {
    EnqueueRequest request{settings_->path, std::move(data), settings_->acl};
    const auto watch = std::make_shared<ClaimWatch>(monitor_);
    if (context.may_wait()) {
      request.chooser = std::make_shared<AheadChooser>(settings_);
      request.watcher = watch;
    }
    Result<Enqueued> enqueued = client_->enqueue(request, context);
    if (enqueued && !enqueued->watched.empty() && enqueued->ahead.stat.ephemeral_owner != 0) {
      ahead_ = Watched{enqueued->watched, watch, std::move(enqueued->ahead)};
    }
    return enqueued;
  }
  EnqueueRequest request{settings_->path, std::move(data), settings_->acl};
  request.list = false;
  Result<Enqueued> enqueued = client_->enqueue(request, context);
  if (!enqueued) return enqueued;
  enqueued->queue = uncontended_path_.confirm_first(*client_, enqueued->claim)
                        ? Result<Children>(Children{.names = {name_of(enqueued->claim.path)}})
                        : client_->children(settings_->path, context);
  return enqueued;
}

void Claim::create_directory(const Context& context) {
  // From the innermost that is missing: of those that exist, one may not have the permission to
  // create.
  const std::vector<std::string> paths = path_and_parents(settings_->path);
  std::size_t next = paths.size() - 1;
  for (Backoff pause; next < paths.size();) {
    const Result<Created> created =
        settings_->client->create(paths[next], "", settings_->acl, context);
    if (created || created.error() == ZooKeeperErrc::node_exists) {
      ++next;
    } else if (created.error() == ZooKeeperErrc::no_node && next > 0) {
      --next;
    } else if (retries(created.error(), context)) {
      pause.wait(context);
    } else {
      fail(created.error(), context);
    }
  }
}

Claim::NextStep Claim::await_turn(const Context& context) {
  Result<Children> queue = std::move(*first_list_);
  for (;;) {
    if (queue) {
      NextStep turn = take_place(*queue, context);
      while (turn == NextStep::look_again) turn = take_place(*queue, context);
      if (turn != NextStep::list_again) return turn;
    } else if (queue.error() == ZooKeeperErrc::no_node) {
      return NextStep::gone;
    } else if (retries(queue.error(), context)) {
      retry_backoff_.wait(context);
    } else {
      fail(queue.error(), context);
    }
    if (session_lost_.stop_requested()) return NextStep::gone;
    if (has_ended(context)) fail(ZooKeeperErrc::operation_timeout, context);
    queue = client_->children(settings_->path, context);
  }
}

Claim::NextStep Claim::take_place(const Children& queue, const Context& context) {
  const Result<std::vector<ClaimName>> claims =
      claims_in_order(*client_, settings_->path, queue.names, settings_->further_claim_markers,
                      not_claims_, context);
  if (!claims) {
    if (!retries(claims.error(), context)) fail(claims.error(), context);
    retry_backoff_.wait(context);
    return NextStep::list_again;
  }
  const Standing standing = standing_of(name_, *claims);
  claims_ahead_ = standing.claims_ahead;
  switch (standing.place) {
    case Standing::Place::missing:
      return NextStep::gone;
    case Standing::Place::first:
      return NextStep::granted;
    case Standing::Place::behind:
      break;
  }
  holder_path_ = join_path(settings_->path, standing.holder);
  memory_.listed(standing.holder, created_stamp_.zxid);
  return wait_behind(standing, context);
}

/// First in the queue: with a TTL, the claim must say from now on how long it may be held. It does
/// so as it was created if it was first at once. Otherwise the write, which finds out whether the
/// claim was purged or changed, decides whether it is granted.
Claim::NextStep Claim::claim_the_lock(const Context& context) {
  bool must_write = settings_->has_ttl() && waited_;
  for (int writes = 0;; ++writes) {
    // First, as it may take longer than the TTL.
    if (become_certain(context) == NextStep::gone) return NextStep::gone;
    if (!must_write) {
      const auto used_up = Platform::current().boot_now() - sent_at_;
      const std::chrono::nanoseconds ttl = settings_->ttl;
      if (!settings_->has_ttl() || used_up < ttl / 2) return NextStep::granted;
      // The answer took long: a lease that is half over is not handed out.
      if (has_ended(context)) fail(ZooKeeperErrc::operation_timeout, context);
    }
    if (writes == kMostWritesOfAGrant) {
      throw LockError(Errc::locking_failed,
                      settings_->path + ": the servers take longer to answer than half the TTL");
    }
    sent_at_ = Platform::current().boot_now();
    const Result<void> written = node_.rewrite(*client_, settings_->metadata(owner_), context);
    if (written.error() == ZooKeeperErrc::no_node ||
        written.error() == ZooKeeperErrc::bad_version) {
      return NextStep::gone;
    }
    if (!written) fail(written.error(), context);
    must_write = false;
  }
}

/// A lease is valid only while it is certain that its session stands: one that would end at once is
/// not handed out. Usually there is evidence enough; after a reconnect, or a pause of the process,
/// getting it may take a third of the session timeout.
Claim::NextStep Claim::become_certain(const Context& context) {
  if (created_.session) {
    reliance_ = created_.session->keep_certain();
    const Result<void> certain = created_.session->become_certain(
        std::chrono::nanoseconds(created_.session->timeout()) / 4, context);
    if (certain.error() == ZooKeeperErrc::session_expired) return NextStep::gone;
    if (!certain && !session_lost_.stop_requested()) fail(certain.error(), context);
  }
  return session_lost_.stop_requested() ? NextStep::gone : NextStep::granted;
}

std::shared_ptr<HeldClaim> Claim::grant() {
  std::optional<BootTime> ttl_end;
  if (settings_->has_ttl()) ttl_end = saturated_sum(sent_at_, settings_->ttl);
  auto held = std::make_shared<HeldClaim>(settings_, client_, created_,
                                          std::exchange(node_, ClaimNode()), owner_, ttl_end);
  held->start();
  return held;
}

void Claim::give_up() noexcept {
  if (node_.path().empty()) return;
  const std::shared_ptr<void> reservation = std::move(created_.reservation);  // until it is gone
  const std::string path = std::exchange(node_, ClaimNode()).path();
  if (session_lost_.stop_requested()) return;  // it took the claim along
  try {
    const Result<void> removed = client_->remove(path, ZooKeeperClient::kAnyVersion,
                                                 Context().with_timeout(kGiveUpPatience));
    if (removed || removed.error() == ZooKeeperErrc::no_node) return;
    client_->remove_in_background(path);
  } catch (...) {
    settings_->log.error([&] { return "could not begin to remove " + path; });
  }
}

bool Claim::retries(std::error_code error, const Context& context) const {
  return is_retryable(error) && !has_ended(context);
}

void Claim::fail(std::error_code error, const Context& context) const {
  if (context.canceled() || error == ZooKeeperErrc::canceled) {
    throw LockError(Errc::locking_canceled, settings_->path + who_is_ahead(), error);
  }
  if (is_retryable(error)) {
    // An attempt that was not to wait, or ended for lack of time.
    const bool is_held = claims_ahead_ > 0;
    throw LockError(Errc::locking_timed_out,
                    is_held ? settings_->path + who_is_ahead()
                            : settings_->path + ": no answer from the servers in time",
                    error);
  }
  throw LockError(Errc::locking_failed, settings_->path + ": " + error.message(), error);
}

std::string Claim::who_is_ahead() const {
  if (claims_ahead_ == 0) return {};
  std::string text;
  if (holder_ && holder_->metadata) {
    const Metadata& metadata = *holder_->metadata;
    text = " is held by " + (metadata.owner.empty() ? "an unnamed owner" : metadata.owner);
    if (!metadata.host.empty()) {
      text += " on " + metadata.host + " (pid " + std::to_string(metadata.pid) + ")";
    }
    text += " since " + to_rfc3339(metadata.timestamp) + ", claim " + holder_path_;
  } else {
    text = " is held by " + holder_path_;
  }
  return text + "; " + std::to_string(claims_ahead_) + " ahead";
}

}  // namespace zklock::internal
