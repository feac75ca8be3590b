#include "session/session_keeper.h"

#include <utility>

#include "base/closer.h"

namespace zklock::internal {

/// Passes the events of one wire on to the keeper, with the wire's number, for as long as there is
/// a keeper.
class SessionKeeper::NumberedListener final : public WireListener {
 public:
  NumberedListener(std::weak_ptr<SessionKeeper> keeper, std::uint64_t wire)
      : keeper_(std::move(keeper)), wire_(wire) {}

  void on_connected(const SessionIdentity& session) override {
    if (const auto keeper = keeper_.lock()) keeper->on_connected(wire_, session);
  }
  void on_disconnected() override {
    if (const auto keeper = keeper_.lock()) keeper->on_disconnected(wire_);
  }
  void on_expired() override {
    if (const auto keeper = keeper_.lock()) keeper->on_expired(wire_);
  }
  void on_auth_failed() override {
    if (const auto keeper = keeper_.lock()) keeper->on_auth_failed(wire_);
  }
  void on_watch(WatchEvent::Type type, const std::string& path) override {
    if (const auto keeper = keeper_.lock()) keeper->on_watch(wire_, type, path);
  }

 private:
  const std::weak_ptr<SessionKeeper> keeper_;
  const std::uint64_t wire_;
};

SessionKeeper::SessionKeeper(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background,
                             Log log)
    : background_(std::move(background)),
      log_(std::move(log)),
      outages_(OutageLog::shared(log_.logger(), dialer->address())),
      closer_(keep_closer()),
      connector_(std::make_unique<Executor>("zklock-connect")),
      redialer_(std::move(dialer), *connector_) {}

SessionKeeper::~SessionKeeper() {
  // Usually shut_down came before, and there is no wire left.
  if (auto wire = current_.end_close()) {
    close_later(Ending::session, [wire = std::move(wire), closer = closer_] { wire->close(); });
  }
  close_later(Ending::thread, [connector = std::shared_ptr<Executor>(
                                   std::move(connector_))]() mutable { connector.reset(); });
}

void SessionKeeper::start(std::weak_ptr<SessionListener> listener, FirstSession first) {
  listener_ = std::move(listener);
  gives_up_ = first == FirstSession::is_awaited;
  redialer_.start(weak_from_this());
}

Result<SessionConnection> SessionKeeper::await_connection(const Context& context) {
  if (is_forked()) return ZooKeeperErrc::forked;
  return current_.await(context);
}

std::string SessionKeeper::problem() const {
  if (const std::optional<std::string> known = current_.problem()) return *known;
  const CurrentConnection::Search search = current_.search();
  if (search.is_dialing) return "still resolving the names of " + dialer().address();
  std::string text = "no server answers at " + dialer().address();
  const std::string attempts = search.wire ? search.wire->problem() : std::string();
  if (!attempts.empty()) text.append(": ").append(attempts);
  if (!search.left_out.empty()) {
    text.append(attempts.empty() ? ": " : "; ").append(search.left_out);
  }
  return text;
}

void SessionKeeper::on_answered(const Answered& operation) {
  if (const auto session = current_.answered(operation)) session->answered(operation);
}

std::optional<DialTarget::Attempt> SessionKeeper::begin_dial() {
  const std::optional<CurrentConnection::Attempt> attempt = current_.begin_dial();
  if (!attempt) return std::nullopt;
  return Attempt{attempt->wire, std::make_shared<NumberedListener>(weak_from_this(), attempt->wire),
                 attempt->resume};
}

DialTarget::Next SessionKeeper::end_dial(std::uint64_t wire, const Dialer::Outcome& outcome) {
  if (!outcome.wire) {
    const bool is_final = gives_up_ && !outcome.failure.is_retryable;
    const bool dials_again =
        current_.fail_to_dial(wire, outcome.failure.problem, is_final, outcome.failure.error);
    outages_->on_failure(LogLevel::warning, outcome.failure.problem);
    return dials_again ? Next::dial_again : Next::done;
  }
  const std::string& left_out = outcome.failure.problem;
  if (!left_out.empty()) outages_->on_detail(LogLevel::warning, left_out);
  switch (current_.adopt(wire, timed(outcome.wire, weak_from_this(), wire), left_out)) {
    case CurrentConnection::Adoption::refused:
      close_later(Ending::session, [refused = outcome.wire] { refused->close(); });
      return Next::done;
    case CurrentConnection::Adoption::searching:
      report_connection();  // it may have been connected since
      return Next::search;
    case CurrentConnection::Adoption::connected:
      report_connection();
      break;
  }
  return Next::done;
}

void SessionKeeper::replace_wire() {
  const std::optional<CurrentConnection::Detached> old = current_.detach_wire();
  if (!old) return;
  // Without a connection, closing the wire does not end the session. But it does if the wire finds
  // a server meanwhile. So no lease may rely on the session from here on, and the new wire is
  // dialed only after that: it learns of the end as of any other expiry.
  if (old->session) old->session->void_evidence();
  close_later(Ending::session, [wire = old->wire, weak = weak_from_this()] {
    if (wire) wire->close();
    if (const auto keeper = weak.lock()) keeper->redialer_.dial_soon();
  });
}

void SessionKeeper::on_connected(std::uint64_t wire, const SessionIdentity& identity) {
  const CurrentConnection::Connected connected = current_.on_connected(wire, identity);
  if (!connected.is_current) return;
  if (connected.has_failed) {
    say_farewell();
    return;
  }
  is_refusal_logged_ = false;
  redialer_.on_connected();
  outages_->on_connected();
  if (connected.replaced) {
    connected.replaced->lose(LossReason::session_expired);
    report_loss(connected.replaced, last_connection());
  }
  report_connection();
}

/// Called by `end_dial` and by the wire: the second call finds nothing new.
void SessionKeeper::report_connection() {
  const std::optional<CurrentConnection::News> news = current_.take_news();
  if (!news) return;
  if (const auto listener = listener_.lock()) {
    listener->on_connected(news->connection, news->is_new_wire);
  }
}

void SessionKeeper::report_loss(const std::shared_ptr<SessionState>& session,
                                std::uint64_t connection) {
  if (const auto listener = listener_.lock()) listener->on_session_lost(session, connection);
}

void SessionKeeper::on_disconnected(std::uint64_t wire) {
  if (!current_.on_disconnected(wire)) return;
  redialer_.on_disconnected();
  outages_->on_lost();
}

void SessionKeeper::on_expired(std::uint64_t wire) {
  if (const auto ended = current_.end(wire)) on_session_ended(*ended, LossReason::session_expired);
}

void SessionKeeper::on_auth_failed(std::uint64_t wire) {
  const bool is_new = current_.fail(wire, ZooKeeperErrc::auth_failed,
                                    dialer().address() + " refused to authenticate the client");
  if (!is_new) return;
  log_.error([&] { return problem(); });
  on_expired(wire);
}

/// Before the first connection it ends the keeper, if a caller is blocked on that. Later the user's
/// password may be mended on either side, so it is tried again. The old wire does not connect any
/// more: closing it does not end the session, and leases may rely on that.
void SessionKeeper::look_for_refusal() {
  const CurrentConnection::Search search = current_.search();
  const Refusal refusal = search.wire ? search.wire->take_refusal() : Refusal();
  if (refusal.why.empty()) return;
  if (!is_refusal_logged_.exchange(true)) {
    log_.error([&] { return dialer().address() + ": " + refusal.why; });
  }
  if (current_.refuse(search.number, refusal.why, gives_up_ && !refusal.may_pass)) {
    on_expired(search.number);
  } else if (const auto old = current_.detach_wire(search.number)) {
    if (old->wire) close_later(Ending::session, [wire = old->wire] { wire->close(); });
    redialer_.dial_later();
  }
}

void SessionKeeper::on_watch(std::uint64_t wire, WatchEvent::Type type, const std::string& path) {
  const std::optional<std::uint64_t> connection = current_.last_number_of(wire);
  if (!connection) return;
  if (const auto listener = listener_.lock()) listener->on_watch_fired(type, path, *connection);
}

void SessionKeeper::replace_session(const std::shared_ptr<SessionState>& session,
                                    LossReason reason) {
  if (const auto ended = current_.end(session)) on_session_ended(*ended, reason);
}

void SessionKeeper::on_session_ended(const CurrentConnection::Ended& ended, LossReason reason) {
  // First begin the next session: the listener may wait for it.
  if (!ended.failure) redialer_.dial_soon();
  if (ended.session) {
    ended.session->lose(reason);
    if (reason != LossReason::client_closed) {
      log_.error([&] {
        return "the session with " + dialer().address() +
               " is lost: " + make_error_code(reason).message();
      });
    }
    report_loss(ended.session, ended.connection);
  }
  if (ended.wire) close_later(Ending::session, [wire = ended.wire] { wire->close(); });
  // Without a session the servers have nothing to learn from it.
  if (ended.failure == ZooKeeperErrc::closing) say_farewell();
}

bool SessionKeeper::shut_down(std::function<void()> closed) {
  {
    const MutexLock lock(farewell_mutex_);
    if (std::exchange(is_shut_down_, true)) return false;
    closed_ = std::move(closed);
  }
  const CurrentConnection::Closing closing = current_.begin_close();
  if (!closing.can_tell_servers) {
    // They keep the session's claims until they learn of its end, or until it expires.
    const MutexLock lock(farewell_mutex_);
    if (closed_) {  // else a connection came just now, and it was said
      farewell_ =
          connector_->schedule(Platform::current().steady_now() + closing.session->timeout(),
                               [self = shared_from_this()] { self->say_farewell(); });
    }
  }
  if (closing.session) {
    closing.session->lose(LossReason::client_closed);
    report_loss(closing.session, closing.connection);
  }
  if (closing.can_tell_servers) {
    say_farewell();
    await_closers_once_the_process_exits();
  }
  return true;
}

void SessionKeeper::say_farewell() {
  std::function<void()> closed;
  Executor::Ticket timer = 0;
  {
    const MutexLock lock(farewell_mutex_);
    closed = std::exchange(closed_, nullptr);
    timer = farewell_;
  }
  connector_->cancel(timer);
  if (!closed) return;  // another call says it, and closes the wire
  const std::shared_ptr<Wire> wire = current_.end_close();
  close_later(Ending::session, [wire, closed, closer = closer_] {
    if (wire) wire->close();
    closed();
  });
}

}  // namespace zklock::internal
