#include "session/session_keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/closer.h"
#include "base/context_wait.h"
#include "base/mutex.h"

namespace zklock::internal {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestPause{50};
constexpr milliseconds kLongestPause{5'000};
/// How long libzookeeper looks for the servers that it knows before their names are resolved again.
constexpr milliseconds kPatienceWithServers{2'000};

/// How long to wait before dialing again: doubles with each failure, and is spread over its upper
/// half, so that the clients of a service that lost its servers do not come back all at once.
milliseconds pause_after(int failures) {
  const int doublings = std::clamp(failures - 1, 0, 10);
  const milliseconds pause = std::min(kShortestPause * (1 << doublings), kLongestPause);
  const auto half = static_cast<std::uint64_t>(pause.count() / 2);
  return pause - milliseconds(Platform::current().random() % (half + 1));
}

}  // namespace

/// What one wire has to say goes to the keeper with the wire's number, for as long as there is a
/// keeper.
class SessionKeeper::NumberedListener final : public WireListener {
 public:
  NumberedListener(std::weak_ptr<SessionKeeper> keeper, std::uint64_t number)
      : keeper_(std::move(keeper)), number_(number) {}

  void on_connected(const SessionIdentity& session) override {
    if (const auto keeper = keeper_.lock()) keeper->on_connected(number_, session);
  }
  void on_disconnected() override {
    if (const auto keeper = keeper_.lock()) keeper->on_disconnected(number_);
  }
  void on_expired() override {
    if (const auto keeper = keeper_.lock()) {
      keeper->end_session(number_, LossReason::session_expired);
    }
  }
  void on_auth_failed() override {
    if (const auto keeper = keeper_.lock()) keeper->on_auth_failed(number_);
  }
  void on_watch(WatchEvent::Type type, const std::string& path) override {
    if (const auto keeper = keeper_.lock()) keeper->on_watch(number_, type, path);
  }

 private:
  const std::weak_ptr<SessionKeeper> keeper_;
  const std::uint64_t number_;
};

SessionKeeper::SessionKeeper(std::unique_ptr<Dialer> dialer, std::shared_ptr<Background> background,
                             Log log)
    : dialer_(std::move(dialer)),
      background_(std::move(background)),
      log_(std::move(log)),
      connector_(std::make_unique<Executor>("zklock-connect")) {}

SessionKeeper::~SessionKeeper() {
  // Usually shut_down came before, and there is no wire left.
  if (wire_) close_later(Ending::session, [wire = std::move(wire_)] { wire->close(); });
  close_later(Ending::thread, [connector = std::shared_ptr<Executor>(
                                   std::move(connector_))]() mutable { connector.reset(); });
}

void SessionKeeper::start(std::weak_ptr<LinkListener> listener, FirstSession first) {
  listener_ = std::move(listener);
  gives_up_ = first == FirstSession::is_awaited;
  connect_at(SteadyTime::min(), &SessionKeeper::dial);
}

void SessionKeeper::connect_at(SteadyTime time, void (SessionKeeper::*call)()) {
  connector_->schedule(time, [weak = weak_from_this(), call] {
    if (const auto keeper = weak.lock()) ((*keeper).*call)();
  });
}

Result<Link> SessionKeeper::await_link(const Context& context) {
  if (is_forked()) return ZooKeeperErrc::forked;
  if (const std::optional<Link> up = link()) return *up;
  ContextWait wait(monitor_, context);
  MutexLock lock(monitor_.mutex);
  const WaitEnd end =
      wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return is_up() || failure_; });
  if (end != WaitEnd::ready) return error_of(end);
  if (failure_) return failure_;
  return Link{wire_, session_, connection_};
}

std::optional<Link> SessionKeeper::link() const {
  const MutexLock lock(monitor_.mutex);
  if (!is_up() || failure_) return std::nullopt;
  return Link{wire_, session_, connection_};
}

std::uint64_t SessionKeeper::connection() const {
  const MutexLock lock(monitor_.mutex);
  return connection_;
}

std::shared_ptr<SessionState> SessionKeeper::session() const {
  const MutexLock lock(monitor_.mutex);
  return session_;
}

BootTime SessionKeeper::last_answered() const {
  const MutexLock lock(monitor_.mutex);
  return last_answered_;
}

BootTime SessionKeeper::disconnected_at() const {
  const MutexLock lock(monitor_.mutex);
  return disconnected_at_;
}

std::uint64_t SessionKeeper::fruitless_connections() const {
  const MutexLock lock(monitor_.mutex);
  return connection_ - answered_connection_;
}

bool SessionKeeper::has_failed() const {
  const MutexLock lock(monitor_.mutex);
  return static_cast<bool>(failure_);
}

std::uint64_t SessionKeeper::connection_now(std::uint64_t wire) const {
  const MutexLock lock(monitor_.mutex);
  return is_up() && wire == wire_number_ ? connection_ : 0;
}

void SessionKeeper::on_answered(const Answered& operation) {
  std::shared_ptr<SessionState> session;
  {
    const MutexLock lock(monitor_.mutex);
    // Sent on one connection and answered on another: nobody knows when it was really sent.
    if (!connected_ || operation.connection != connection_) return;
    answered_connection_ = connection_;
    last_answered_ = std::max(last_answered_, operation.sent);
    session = session_;
  }
  if (session) session->answered(operation);
}

std::string SessionKeeper::problem() const {
  const MutexLock lock(monitor_.mutex);
  if (!problem_.empty()) return problem_;
  return is_up() ? std::string() : "no server answers at " + dialer_->address();
}

void SessionKeeper::dial() {
  std::uint64_t number = 0;
  std::optional<SessionIdentity> resume;
  {
    const MutexLock lock(monitor_.mutex);
    if (failure_ || wire_) return;
    number = ++wire_number_;
    if (session_) resume = identity_;
    dialed_at_ = Platform::current().boot_now();
    last_answered_ = std::max(last_answered_, dialed_at_);
  }
  const auto ear = std::make_shared<NumberedListener>(weak_from_this(), number);
  Dialer::Outcome outcome = dialer_->dial(ear, resume ? &*resume : nullptr);
  if (outcome.wire) outcome.wire = witnessed(std::move(outcome.wire), weak_from_this(), number);
  adopt(outcome, number);
}

void SessionKeeper::adopt(const Dialer::Outcome& outcome, std::uint64_t number) {
  bool wanted = false;
  std::optional<SteadyTime> again;
  {
    const MutexLock lock(monitor_.mutex);
    wanted = !failure_ && number == wire_number_;
    if (wanted && outcome.wire) {
      wire_ = outcome.wire;
      problem_.clear();
      // The servers may be elsewhere before it has found one.
      if (!connected_) look_for_servers_later();
    } else if (wanted) {
      problem_ = outcome.failure.problem;
      if (!outcome.failure.is_retryable && connection_ == 0 && gives_up_) {
        failure_ = ZooKeeperErrc::connection_loss;
      } else {
        again = Platform::current().steady_now() + pause_after(++failures_);
      }
    }
  }
  monitor_.changed->notify_all();
  if (!outcome.wire) log_.warning([&] { return outcome.failure.problem; });
  if (again) connect_at(*again, &SessionKeeper::dial);
  if (!outcome.wire) return;
  if (wanted) {
    tell_link_up();  // if it was connected before it was adopted
  } else {
    close_later(Ending::session, [wire = outcome.wire] { wire->close(); });
  }
}

void SessionKeeper::look_for_servers_later() {
  if (std::exchange(looking_, true)) return;
  connect_at(Platform::current().steady_now() + kPatienceWithServers,
             &SessionKeeper::look_for_servers);
}

void SessionKeeper::look_for_servers() {
  {
    const MutexLock lock(monitor_.mutex);
    looking_ = !failure_ && !connected_ && wire_;
    if (!looking_) return;
    // It may have been connected since.
    const auto early = std::max(dialed_at_, disconnected_at_) + kPatienceWithServers -
                       Platform::current().boot_now();
    if (early.count() > 0) {
      connect_at(Platform::current().steady_now() + early, &SessionKeeper::look_for_servers);
      return;
    }
  }
  if (!dialer_->servers_have_moved()) {
    SteadyTime next{};
    {
      const MutexLock lock(monitor_.mutex);
      next = Platform::current().steady_now() + pause_after(++failures_);
    }
    connect_at(next, &SessionKeeper::look_for_servers);
    return;
  }
  std::shared_ptr<Wire> old;
  std::shared_ptr<SessionState> session;
  {
    const MutexLock lock(monitor_.mutex);
    looking_ = false;
    if (failure_ || connected_) return;
    ++wire_number_;
    old = std::exchange(wire_, nullptr);
    session = session_;
  }
  // Without a connection, closing tells no server to end the session. Should it find one meanwhile,
  // the session is ended: no lease may rely on it from here on, and the new wire, which is dialed
  // only then, is told so as of any other expiry.
  if (session) session->void_evidence();
  close_later(Ending::session, [old, weak = weak_from_this()] {
    if (old) old->close();
    const auto keeper = weak.lock();
    if (keeper) keeper->connect_at(SteadyTime::min(), &SessionKeeper::dial);
  });
}

void SessionKeeper::on_connected(std::uint64_t number, const SessionIdentity& identity) {
  std::shared_ptr<SessionState> replaced;
  std::shared_ptr<SessionState> session;
  BootTime begun{};
  bool is_farewell = false;
  {
    const MutexLock lock(monitor_.mutex);
    if (number != wire_number_) return;
    is_farewell = static_cast<bool>(failure_);
    if (!session_ || session_->id() != identity.id) {
      replaced = std::exchange(session_, std::make_shared<SessionState>(identity));
    }
    session = session_;
    begun = last_answered_;
    identity_ = identity;
    ++connection_;
    failures_ = 0;
    problem_.clear();
    connected_ = true;
  }
  if (is_farewell) {
    say_farewell();
    return;
  }
  session->handshake(identity.timeout, begun, Platform::current().boot_now());
  monitor_.changed->notify_all();
  log_.info([&] { return "connected to " + dialer_->address(); });
  if (replaced) {  // a wire that was to resume it got another one
    replaced->lose(LossReason::session_expired);
    if (const auto listener = listener_.lock()) listener->on_session_lost(replaced, connection());
  }
  tell_link_up();
}

void SessionKeeper::tell_link_up() {
  Link link;
  bool is_new_wire = false;
  {
    const MutexLock lock(monitor_.mutex);
    // `adopt` may say so while the wire does.
    if (!is_up() || std::exchange(told_connection_, connection_) == connection_) return;
    link = Link{wire_, session_, connection_};
    is_new_wire = std::exchange(told_wire_, wire_number_) != wire_number_;
  }
  if (const auto listener = listener_.lock()) listener->on_link_up(link, is_new_wire);
}

void SessionKeeper::on_disconnected(std::uint64_t number) {
  {
    const MutexLock lock(monitor_.mutex);
    if (number != wire_number_ || !connected_) return;
    connected_ = false;
    disconnected_at_ = Platform::current().boot_now();
    look_for_servers_later();
  }
  log_.warning([&] { return "lost the connection to " + dialer_->address(); });
}

void SessionKeeper::on_auth_failed(std::uint64_t number) {
  {
    const MutexLock lock(monitor_.mutex);
    if (number != wire_number_ || failure_) return;
    failure_ = ZooKeeperErrc::auth_failed;
    problem_ = dialer_->address() + " refused to authenticate the client";
  }
  log_.error([&] { return problem(); });
  end_session(number, LossReason::session_expired);
}

void SessionKeeper::on_watch(std::uint64_t number, WatchEvent::Type type, const std::string& path) {
  std::uint64_t connection = 0;
  {
    const MutexLock lock(monitor_.mutex);
    if (number != wire_number_) return;
    connection = connection_;
  }
  if (const auto listener = listener_.lock()) listener->on_watch_fired(type, path, connection);
}

void SessionKeeper::replace_session(const std::shared_ptr<SessionState>& session,
                                    LossReason reason) {
  std::uint64_t number = 0;
  {
    const MutexLock lock(monitor_.mutex);
    if (session_ != session) return;
    number = wire_number_;
  }
  end_session(number, reason);
}

void SessionKeeper::end_session(std::uint64_t number, LossReason reason) {
  std::shared_ptr<Wire> wire;
  std::shared_ptr<SessionState> session;
  std::uint64_t connection = 0;
  bool again = false;
  bool is_closing = false;
  {
    const MutexLock lock(monitor_.mutex);
    if (number != wire_number_) return;
    ++wire_number_;
    connected_ = false;
    wire = std::exchange(wire_, nullptr);
    session = std::exchange(session_, nullptr);
    connection = connection_;
    again = !failure_;
    is_closing = failure_ == ZooKeeperErrc::closing;
  }
  monitor_.changed->notify_all();
  // First the new one: what hears of the loss next may wait for it.
  if (again) connect_at(SteadyTime::min(), &SessionKeeper::dial);
  if (session) {
    session->lose(reason);
    if (reason != LossReason::client_closed) {
      log_.error([&] {
        return "the session with " + dialer_->address() +
               " is lost: " + make_error_code(reason).message();
      });
    }
    if (const auto listener = listener_.lock()) listener->on_session_lost(session, connection);
  }
  if (wire) close_later(Ending::session, [wire] { wire->close(); });
  if (is_closing) say_farewell();  // there is nobody left to say it to
}

bool SessionKeeper::shut_down(std::function<void()> closed) {
  std::shared_ptr<SessionState> session;
  std::uint64_t connection = 0;
  bool must_wait = false;
  {
    const MutexLock lock(monitor_.mutex);
    if (failure_ == ZooKeeperErrc::closing) return false;
    failure_ = ZooKeeperErrc::closing;
    problem_ = "the client is closed";
    closed_ = std::move(closed);
    session = session_;
    connection = connection_;
    must_wait = session && wire_ && !connected_;
    if (must_wait) {
      // The servers keep its claims until they hear from the client, or the session is over.
      farewell_ = connector_->schedule(Platform::current().steady_now() + session->timeout(),
                                       [self = shared_from_this()] { self->say_farewell(); });
    }
  }
  monitor_.changed->notify_all();
  if (session) {
    session->lose(LossReason::client_closed);
    if (const auto listener = listener_.lock()) listener->on_session_lost(session, connection);
  }
  if (!must_wait) say_farewell();
  return true;
}

void SessionKeeper::say_farewell() {
  std::shared_ptr<Wire> wire;
  std::function<void()> closed;
  Executor::Ticket timer = 0;
  {
    const MutexLock lock(monitor_.mutex);
    timer = farewell_;
    ++wire_number_;
    connected_ = false;
    session_ = nullptr;
    wire = std::exchange(wire_, nullptr);
    closed = std::exchange(closed_, nullptr);
  }
  connector_->cancel(timer);
  if (!wire && !closed) return;  // it was said already
  close_later(Ending::session, [wire, closed] {
    if (wire) wire->close();
    if (closed) closed();
  });
}

}  // namespace zklock::internal
