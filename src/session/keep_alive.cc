#include "session/keep_alive.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// ZooKeeper's own, without data. In a chroot there is none: that is an answer, too.
const std::string kAnyPath = "/zookeeper";

/// Parts of the session timeout.
constexpr int kReadsInATimeout = 6;
constexpr int kChecksInATimeout = 3;
/// Who relies on the session from now on does not say so here: how often to look.
constexpr int kLooksInATimeout = 12;
/// How many timeouts a session may be without a connection.
constexpr int kTimeoutsWithoutServers = 3;
/// So many connections in a row that broke before anything was answered are no accident.
constexpr std::uint64_t kFruitlessConnections = 3;

}  // namespace

KeepAlive::KeepAlive(std::shared_ptr<SessionKeeper> keeper, std::shared_ptr<Background> background)
    : keeper_(std::move(keeper)), background_(std::move(background)) {}

void KeepAlive::begin(SessionState& session) {
  session.get_evidence_from([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->check_now();
  });
  tend_at(SteadyTime::min());
}

/// Somebody waits for evidence.
void KeepAlive::check_now() {
  const std::optional<Link> link = keeper_->link();
  if (!link) return;  // the next one begins with checks
  {
    const MutexLock lock(mutex_);
    if (std::exchange(checking_, link->connection) == link->connection) return;
    checked_at_ = Platform::current().boot_now();
    checked_connection_ = link->connection;
  }
  check_twice(*link);
}

void KeepAlive::tend() {
  const std::shared_ptr<SessionState> session = keeper_->session();
  if (!session) return;  // the next one begins again
  const BootTime now = Platform::current().boot_now();
  session->expire_if_due(now);
  const std::optional<Link> link = keeper_->link();
  const std::chrono::nanoseconds timeout = session->timeout();
  const BootTime end_of_patience = patience_ends(timeout, link.has_value());
  if (now >= end_of_patience) {
    keeper_->replace_session(session, LossReason::cut_off);
    return;  // the next one begins again
  }
  BootTime next = link ? tend(*link, now) : BootTime::max();
  next = std::min({next, end_of_patience, now + timeout / kLooksInATimeout});
  if (const BootTime end = session->certain_until_boot(); end > now) next = std::min(next, end);
  tend_at(Platform::current().steady_now() + (next - now));
}

/// Returns when to look again.
BootTime KeepAlive::tend(const Link& link, BootTime now) {
  const std::chrono::nanoseconds timeout = link.session->timeout();
  BootTime next = BootTime::max();
  bool must_check = false;
  bool must_read = false;
  const BootTime last_answered = keeper_->last_answered();
  {
    const MutexLock lock(mutex_);
    if (std::exchange(checked_connection_, link.connection) != link.connection) {
      checked_at_ = BootTime::min();
    }
    if (link.session->is_relied_on() && checking_ != link.connection) {
      must_check =
          checked_at_ == BootTime::min() || now - checked_at_ >= timeout / kChecksInATimeout;
      if (must_check) {
        checked_at_ = now;
        checking_ = link.connection;
      }
      next = checked_at_ + timeout / kChecksInATimeout;
    }
    if (reading_ != link.connection) {
      must_read = !must_check && now - last_answered >= timeout / kReadsInATimeout;
      if (must_read) reading_ = link.connection;
      if (!must_read && !must_check) {
        next = std::min(next, last_answered + timeout / kReadsInATimeout);
      }
    }
  }
  if (must_check) check_twice(link);
  if (must_read) read(link);
  return next;
}

/// When there has to be another session, if nothing is answered until then.
BootTime KeepAlive::patience_ends(std::chrono::nanoseconds timeout, bool is_connected) const {
  // Servers that shake hands and then hang up (as on more watches to be set again than a packet may
  // hold) keep the session alive, and its claims in their queues: only another session can work.
  // A connection that stands may yet be of use, but must not put off for ever what follows from
  // those before it.
  const std::uint64_t most = is_connected ? kFruitlessConnections : kFruitlessConnections - 1;
  const bool is_fruitless = keeper_->fruitless_connections() > most;
  if (is_fruitless) return keeper_->last_answered() + kTimeoutsWithoutServers * timeout;
  if (is_connected) return BootTime::max();
  return keeper_->disconnected_at() + kTimeoutsWithoutServers * timeout;
}

void KeepAlive::read(const Link& link) {
  link.wire->get(kAnyPath, false,
                 [self = shared_from_this(), connection = link.connection](const Result<Znode>&) {
                   const MutexLock lock(self->mutex_);
                   if (self->reading_ == connection) self->reading_ = 0;
                 });
}

/// The second is sent when the first is answered, on the same connection.
void KeepAlive::check_twice(const Link& link) {
  link.wire->check(kAnyPath, ZooKeeperClient::kAnyVersion,
                   [self = shared_from_this(), connection = link.connection](const Result<void>&) {
                     const std::optional<Link> now = self->keeper_->link();
                     if (!now || now->connection != connection) return self->checked(connection);
                     now->wire->check(
                         kAnyPath, ZooKeeperClient::kAnyVersion,
                         [self, connection](const Result<void>&) { self->checked(connection); });
                   });
}

void KeepAlive::checked(std::uint64_t connection) {
  const MutexLock lock(mutex_);
  if (checking_ == connection) checking_ = 0;
}

void KeepAlive::tend_at(SteadyTime time) {
  const MutexLock lock(mutex_);
  background_->timers.cancel(timer_);
  timer_ = background_->timers.schedule(time, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tend();
  });
}

}  // namespace zklock::internal
