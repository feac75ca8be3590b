#include "session/keep_alive.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/mutex.h"

namespace zklock::internal {

namespace {

/// ZooKeeper's own znode, without data. In a chroot there is none: "no node" is an answer, too.
const std::string kAnyPath = "/zookeeper";

/// Parts of the session timeout.
constexpr int kReadsInATimeout = 6;
constexpr int kChecksInATimeout = 3;
/// Polled: KeepAlive is not notified when somebody begins to rely on the session.
constexpr int kLooksInATimeout = 12;
/// How many timeouts a session may be without a connection.
constexpr int kTimeoutsWithoutServers = 3;
/// After so many connections in a row that broke before anything was answered, the session is given
/// up.
constexpr std::uint64_t kFruitlessConnections = 3;

}  // namespace

KeepAlive::KeepAlive(std::shared_ptr<SessionKeeper> keeper, std::shared_ptr<Background> background)
    : keeper_(std::move(keeper)), background_(std::move(background)) {}

void KeepAlive::begin(SessionState& session) {
  session.get_evidence_from([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->check_now();
  });
  // Not tend_at: a look that is under way would cancel it.
  const auto look = [weak = weak_from_this(), background = background_] {
    background->timers.post([weak] {
      if (const auto self = weak.lock()) self->tend();
    });
  };
  session.look_again_with(look);
  look();
}

/// A caller waits for evidence.
void KeepAlive::check_now() {
  const std::optional<SessionConnection> connection = keeper_->connection();
  if (!connection) return;  // the next one begins with checks
  {
    const MutexLock lock(mutex_);
    if (std::exchange(checking_, connection->number) == connection->number) return;
    checked_at_ = Platform::current().boot_now();
    checked_connection_ = connection->number;
  }
  check_twice(*connection);
}

void KeepAlive::tend() {
  const std::shared_ptr<SessionState> session = keeper_->session();
  if (!session) return;  // the next one begins again
  const BootTime now = Platform::current().boot_now();
  session->expire_if_due(now);
  const std::optional<SessionConnection> connection = keeper_->connection();
  const std::chrono::nanoseconds timeout = session->timeout();
  const BootTime end_of_patience = patience_ends(timeout, connection.has_value());
  if (now >= end_of_patience) {
    keeper_->replace_session(session, LossReason::cut_off);
    return;  // the next one begins again
  }
  BootTime next = connection ? tend(*connection, now) : BootTime::max();
  next = std::min({next, end_of_patience, now + timeout / kLooksInATimeout});
  if (const BootTime end = session->next_expiry(); end > now) next = std::min(next, end);
  tend_at(Platform::current().steady_now() + (next - now));
}

/// Returns when to look again.
BootTime KeepAlive::tend(const SessionConnection& connection, BootTime now) {
  const std::chrono::nanoseconds timeout = connection.session->timeout();
  BootTime next = BootTime::max();
  bool must_check = false;
  bool must_read = false;
  const BootTime last_answered = keeper_->history().last_answered;
  {
    const MutexLock lock(mutex_);
    if (std::exchange(checked_connection_, connection.number) != connection.number) {
      checked_at_ = BootTime::min();
    }
    if (connection.session->is_relied_on() && checking_ != connection.number) {
      must_check =
          checked_at_ == BootTime::min() || now - checked_at_ >= timeout / kChecksInATimeout;
      if (must_check) {
        checked_at_ = now;
        checking_ = connection.number;
      }
      next = checked_at_ + timeout / kChecksInATimeout;
    }
    if (reading_ != connection.number) {
      must_read = !must_check && now - last_answered >= timeout / kReadsInATimeout;
      if (must_read) reading_ = connection.number;
      if (!must_read && !must_check) {
        next = std::min(next, last_answered + timeout / kReadsInATimeout);
      }
    }
  }
  if (must_check) check_twice(connection);
  if (must_read) read(connection);
  return next;
}

/// When the session is replaced, if nothing is answered until then.
BootTime KeepAlive::patience_ends(std::chrono::nanoseconds timeout, bool is_connected) const {
  const ConnectionHistory history = keeper_->history();
  // Servers that shake hands and then hang up (for example because a packet cannot hold all watches
  // to be set again) keep the session alive, and its claims in their queues: only another session
  // can work. A connection that is up may still be of use, but must not postpone forever what
  // follows from those before it.
  const std::uint64_t most = is_connected ? kFruitlessConnections : kFruitlessConnections - 1;
  if (history.fruitless > most) return history.last_answered + kTimeoutsWithoutServers * timeout;
  if (is_connected) return BootTime::max();
  return history.disconnected_at + kTimeoutsWithoutServers * timeout;
}

void KeepAlive::read(const SessionConnection& connection) {
  connection.wire->get(
      kAnyPath, false,
      [self = shared_from_this(), number = connection.number](const Result<Znode>&) {
        const MutexLock lock(self->mutex_);
        if (self->reading_ == number) self->reading_ = 0;
      });
}

/// The second is sent when the first is answered, on the same connection.
void KeepAlive::check_twice(const SessionConnection& connection) {
  connection.wire->check(
      kAnyPath, ZooKeeperClient::kAnyVersion,
      [self = shared_from_this(), number = connection.number](const Result<void>&) {
        const std::optional<SessionConnection> now = self->keeper_->connection();
        if (!now || now->number != number) return self->on_checked(number);
        now->wire->check(kAnyPath, ZooKeeperClient::kAnyVersion,
                         [self, number](const Result<void>&) { self->on_checked(number); });
      });
}

void KeepAlive::on_checked(std::uint64_t connection) {
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
