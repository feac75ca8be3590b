#include "session/keep_alive.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "base/error_kinds.h"
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
  const auto look = [tend = tending(), background = background_] { background->timers.post(tend); };
  session.look_again_with(look);
  look();
}

std::function<void()> KeepAlive::tending() {
  return [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tend();
  };
}

/// A caller waits for evidence.
void KeepAlive::check_now() {
  const std::optional<SessionConnection> connection = keeper_->connection();
  if (!connection) return;  // the next one begins with checks
  {
    const MutexLock lock(mutex_);
    if (checking_.connection == connection->number) return;
    checked_at_ = Platform::current().boot_now();
    checked_connection_ = connection->number;
    checking_ = {connection->number, checked_at_};
  }
  check_twice(*connection);
}

void KeepAlive::tend() {
  const std::shared_ptr<SessionState> session = keeper_->session();
  if (!session) return;  // the next one begins again
  const BootTime now = Platform::current().boot_now();
  notice_delay(now, session->timeout());
  session->expire_if_due(now);
  const std::optional<SessionConnection> connection = keeper_->connection();
  const std::chrono::nanoseconds timeout = session->timeout();
  const BootTime end_of_patience = patience_ends(timeout, connection.has_value());
  if (now >= end_of_patience) {
    keeper_->replace_session(session, LossReason::cut_off);
    return;  // the next one begins again
  }
  BootTime next = std::min(end_of_patience, now + timeout / kLooksInATimeout);
  if (connection) {
    next = std::min(next, tend(*connection, now));
    next = std::min(next, leave_silent_server(*connection, now));
  }
  if (const BootTime end = session->next_expiry(); end > now) next = std::min(next, end);
  tend_at(next);
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
    if (connection.session->is_relied_on() && checking_.connection != connection.number) {
      must_check =
          checked_at_ == BootTime::min() || now - checked_at_ >= timeout / kChecksInATimeout;
      if (must_check) {
        checked_at_ = now;
        checking_ = {connection.number, now};
      }
      next = checked_at_ + timeout / kChecksInATimeout;
    }
    if (reading_.connection != connection.number) {
      must_read = !must_check && now - last_answered >= timeout / kReadsInATimeout;
      if (must_read) reading_ = {connection.number, now};
      if (!must_read && !must_check) {
        next = std::min(next, last_answered + timeout / kReadsInATimeout);
      }
    }
  }
  if (must_check) check_twice(connection);
  if (must_read) read(connection, {connection.number, now});
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
  const BootTime with_servers = history.fruitless > most
                                    ? history.last_answered + kTimeoutsWithoutServers * timeout
                                    : BootTime::max();
  if (is_connected) return with_servers;
  // A dial counts as an answer. A client that is refused dials every few seconds, and must not put
  // the end off so.
  return std::min(with_servers, history.disconnected_at + kTimeoutsWithoutServers * timeout);
}

/// A server that hangs, or a connection that drops what is sent, shows only in this: no answer
/// comes. The session can go on elsewhere, and no lease has ended yet. Returns when to look again.
BootTime KeepAlive::leave_silent_server(const SessionConnection& connection, BootTime now) {
  const BootTime heard_at = keeper_->history().heard_at;
  std::chrono::nanoseconds silence{};
  {
    const MutexLock lock(mutex_);
    BootTime since = BootTime::max();
    for (const Probe& probe : {reading_, checking_}) {
      if (probe.connection == connection.number) since = std::min(since, probe.sent);
    }
    if (since == BootTime::max()) return since;
    since = std::max({since, heard_at, silence_counts_from_});
    const std::chrono::nanoseconds timeout = connection.session->timeout();
    const std::chrono::nanoseconds patience = patience_.of(timeout);
    silence = now - since;
    if (silence < patience) return since + patience;
    patience_.left_one(timeout);
    silence_counts_from_ = now;
  }
  connection.wire->leave_server(silence);
  return BootTime::max();
}

/// If this thread, and so perhaps the process or the machine, could not run, answers may have
/// arrived that nobody has read yet.
void KeepAlive::notice_delay(BootTime now, std::chrono::nanoseconds timeout) {
  const MutexLock lock(mutex_);
  const BootTime due = std::exchange(due_, BootTime::max());
  if (now > due && now - due >= patience_.of(timeout) / 2) silence_counts_from_ = now;
}

void KeepAlive::read(const SessionConnection& connection, const Probe& probe) {
  connection.wire->get(kAnyPath, false,
                       [self = shared_from_this(), probe](const Result<Znode>& result) {
                         self->on_answered(probe, result.error());
                         const MutexLock lock(self->mutex_);
                         if (self->reading_.connection == probe.connection) self->reading_ = {};
                       });
}

/// The second is sent when the first is answered, on the same connection.
void KeepAlive::check_twice(const SessionConnection& connection) {
  const Probe first{connection.number, Platform::current().boot_now()};
  connection.wire->check(kAnyPath, ZooKeeperClient::kAnyVersion,
                         [self = shared_from_this(), first](const Result<void>& result) {
                           self->on_answered(first, result.error());
                           const std::optional<SessionConnection> now = self->keeper_->connection();
                           if (!now || now->number != first.connection)
                             return self->on_checked(first.connection);
                           now->wire->check(kAnyPath, ZooKeeperClient::kAnyVersion,
                                            [self, number = first.connection](const Result<void>&) {
                                              self->on_checked(number);
                                            });
                         });
}

void KeepAlive::on_answered(const Probe& probe, std::error_code error) {
  if (!is_from_server(error)) return;
  const BootTime now = Platform::current().boot_now();
  const MutexLock lock(mutex_);
  patience_.answered_after(now - probe.sent);
}

void KeepAlive::on_checked(std::uint64_t connection) {
  const MutexLock lock(mutex_);
  if (checking_.connection == connection) checking_ = {};
}

void KeepAlive::tend_at(BootTime time) {
  const Platform& platform = Platform::current();
  const SteadyTime steady = platform.steady_now() + (time - platform.boot_now());
  const MutexLock lock(mutex_);
  background_->timers.cancel(timer_);
  due_ = time;
  timer_ = background_->timers.schedule(steady, tending());
}

}  // namespace zklock::internal
