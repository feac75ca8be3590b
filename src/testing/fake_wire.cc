#include "testing/fake_wire.h"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "base/mutex.h"
#include "testing/fake_server_choice.h"

namespace zklock::internal {

namespace {

using std::chrono::nanoseconds;

/// How long closing waits for answers that are under way, and then for the server to hang up.
constexpr std::chrono::milliseconds kDrainTime{1'000};
constexpr std::chrono::milliseconds kFarewellTime{1'500};

/// What is asked for at least: see libzookeeper_wire.cc.
constexpr std::chrono::milliseconds kShortestSession{200};

/// All functions run on the loop, unless their comment says otherwise. The many members are the
/// state of one handle of libzookeeper, which one state machine changes.
class FakeWire final : public Wire, public FakePeer, public std::enable_shared_from_this<FakeWire> {
 public:
  FakeWire(std::shared_ptr<FakeEnsemble> ensemble, std::shared_ptr<FakeLine> line,
           const ClientOptions& options, std::shared_ptr<WireListener> listener,
           const SessionIdentity* resume)
      : ensemble_(std::move(ensemble)),
        line_(std::move(line)),
        identities_(options.auth),
        listener_(std::move(listener)) {
    if (resume != nullptr) {
      identity_ = *resume;
    } else {
      identity_.timeout = std::max(options.session_timeout, kShortestSession);
    }
  }

  void start() { on_loop(&FakeWire::look_for_server); }

  // Of any thread.
  void create(const std::string& path, const std::string& data, const Acl& acl, CreateMode mode,
              Answer<Created> answer) override {
    post(fake_create(path, data, acl, mode, std::move(answer)));
  }
  void children(const std::string& path, bool watch, Answer<Children> answer) override {
    if (watch) answer = noting(FakeOperation::children, path, std::move(answer));
    post(fake_children(path, watch, std::move(answer)));
  }
  void get(const std::string& path, bool watch, Answer<Znode> answer) override {
    if (watch) answer = noting(FakeOperation::get, path, std::move(answer));
    post(fake_get(path, watch, std::move(answer)));
  }
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Answer<Stat> answer) override {
    post(fake_set(path, data, version, std::move(answer)));
  }
  void remove(const std::string& path, std::int32_t version, Answer<void> answer) override {
    post(fake_remove(path, version, std::move(answer)));
  }
  void check(const std::string& path, std::int32_t version, Answer<void> answer) override {
    post(fake_check(path, version, std::move(answer)));
  }
  void multi(const std::vector<MultiOperation>& operations, Answer<MultiResult> answer) override {
    post(fake_multi(operations, std::move(answer)));
  }
  void leave_server(std::chrono::nanoseconds) override { on_loop(&FakeWire::leave); }
  void close() noexcept override;

  void on_accepted(const SessionIdentity& session) override;
  void on_refused_session() override;
  void on_refused_identity() override;
  void on_answer(const FakeRequest::Delivery& answer, std::int64_t zxid) override;
  void on_event(const FakeChange& change) override;
  void on_pong(std::int64_t zxid) override { hear(zxid); }
  void on_closed() override { drop(ZooKeeperErrc::connection_loss); }

 private:
  enum class State { looking, shaking_hands, connected, ended };

  /// The answer to a request that sets a watch, if it succeeds.
  template <class T>
  [[nodiscard]] Answer<T> noting(FakeOperation operation, const std::string& path, Answer<T> of) {
    return [self = weak_from_this(), operation, path, of = std::move(of)](const Result<T>& result) {
      if (const auto wire = self.lock(); wire && result) wire->watches_.add(operation, path);
      of(result);
    };
  }
  void on_loop(void (FakeWire::*call)());
  void post(FakeRequest request);
  void submit(FakeRequest request);

  void look_for_server();
  void look_again();
  void hear(std::int64_t zxid = 0);
  void watch_silence();
  void leave();
  void drop(std::error_code error);
  void end(std::error_code error);
  void fail_all(std::error_code error);
  void begin_to_close();
  void say_farewell();
  void finish_closing();

  const std::shared_ptr<FakeEnsemble> ensemble_;
  const std::shared_ptr<FakeLine> line_;
  const std::vector<AuthInfo> identities_;
  const std::shared_ptr<WireListener> listener_;

  State state_ = State::looking;
  FakeEnsemble::ConnectionId connection_ = 0;
  SessionIdentity identity_;
  std::int64_t last_zxid_ = 0;
  FakeWatches watches_;               // that stand, as far as is known
  std::deque<FakeRequest> requests_;  // that are not answered, in their order
  FakeServerChoice choice_{ensemble_->addresses(), line_};
  nanoseconds last_heard_{};         // steady time
  std::uint64_t silence_watch_ = 0;  // number of the connection that is watched
  bool is_closing_ = false;
  bool said_farewell_ = false;

  Monitor monitor_;
  bool takes_requests_ ZKLOCK_GUARDED_BY(monitor_.mutex) = true;
  bool is_closed_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
};

void FakeWire::on_loop(void (FakeWire::*call)()) {
  ensemble_->network().schedule(line_, {},
                                [self = shared_from_this(), call] { ((*self).*call)(); });
}

void FakeWire::post(FakeRequest request) {
  bool is_taken = false;
  {
    const MutexLock lock(monitor_.mutex);
    is_taken = takes_requests_;
    if (is_taken) {
      ensemble_->loop().post([self = shared_from_this(), request]() mutable {
        const PlatformScope scope(self->line_->platform);
        self->submit(std::move(request));
      });
    }
  }
  if (!is_taken) request.fail(ZooKeeperErrc::connection_loss);
}

void FakeWire::submit(FakeRequest request) {
  if (state_ == State::ended) {
    request.fail(ZooKeeperErrc::connection_loss);
    return;
  }
  requests_.push_back(std::move(request));
  if (state_ == State::connected) ensemble_->send(connection_, requests_.back());
}

// --- Looking for a server -----------------------------------------------------------------------

void FakeWire::look_for_server() {
  if (state_ != State::looking) return;
  FakeHello hello;
  hello.session = identity_;
  hello.identities = identities_;
  hello.last_zxid = last_zxid_;
  hello.watches = watches_;
  connection_ = ensemble_->connect(choice_.next(), line_, weak_from_this(), std::move(hello));
  if (connection_ == 0) {
    // libzookeeper fails what waits for a connection when an attempt at one has failed.
    fail_all(ZooKeeperErrc::connection_loss);
    look_again();
    return;
  }
  state_ = State::shaking_hands;
  hear();
  watch_silence();
}

/// libzookeeper goes on with the next server at once, and pauses when it has tried all.
void FakeWire::look_again() {
  if (state_ == State::ended) return;
  state_ = State::looking;
  const bool pauses = choice_.has_tried_all();
  ensemble_->network().schedule(line_,
                                pauses ? nanoseconds(identity_.timeout) / 60 : nanoseconds(0),
                                [self = shared_from_this()] { self->look_for_server(); });
}

void FakeWire::hear(std::int64_t zxid) {
  last_heard_ = Platform::current().steady_now().time_since_epoch();
  last_zxid_ = std::max(last_zxid_, zxid);
}

/// Pings a server that has said nothing for a third of the session timeout, and gives it up after
/// two thirds; or earlier, while it has not accepted the client.
void FakeWire::watch_silence() {
  const std::uint64_t watch = ++silence_watch_;
  const nanoseconds third = nanoseconds(identity_.timeout) / 3;
  const bool is_attempt = state_ == State::shaking_hands;
  const nanoseconds patience = is_attempt ? choice_.patience_with(identity_) : 2 * third;
  const nanoseconds silent = Platform::current().steady_now().time_since_epoch() - last_heard_;
  if (silent >= patience) {
    ensemble_->network().hang_up(connection_);
    drop(ZooKeeperErrc::operation_timeout);
    return;
  }
  // libzookeeper does not ping while it waits for an answer.
  if (silent >= third && state_ == State::connected && requests_.empty()) {
    ensemble_->ping(connection_);
  }
  const nanoseconds next = silent < third ? std::min(third, patience) : patience;
  ensemble_->network().schedule(line_, next - silent, [self = shared_from_this(), watch] {
    if (self->silence_watch_ == watch && self->connection_ != 0) self->watch_silence();
  });
}

void FakeWire::leave() {
  if (state_ != State::connected || is_closing_ || !choice_.has_others()) return;
  ensemble_->network().hang_up(connection_);
  drop(ZooKeeperErrc::connection_loss);
}

/// The connection is gone.
void FakeWire::drop(std::error_code error) {
  connection_ = 0;
  const bool was_connected = state_ == State::connected;
  if (state_ != State::ended) state_ = State::looking;
  if (was_connected) listener_->on_disconnected();
  fail_all(error);
  if (is_closing_) {
    finish_closing();
  } else {
    look_again();
  }
}

void FakeWire::fail_all(std::error_code error) {
  for (const FakeRequest& request : std::exchange(requests_, {})) request.fail(error);
}

// --- What the ensemble says ---------------------------------------------------------------------

void FakeWire::on_accepted(const SessionIdentity& session) {
  hear();
  identity_ = session;
  state_ = State::connected;
  choice_.on_connected();
  listener_->on_connected(session);
  for (const FakeRequest& request : requests_) ensemble_->send(connection_, request);
  watch_silence();  // by the timeout that was negotiated
}

// libzookeeper reports the end of the session before it fails the pending requests.
void FakeWire::on_refused_session() {
  state_ = State::ended;
  if (!is_closing_) line_->gone.insert(identity_.id);
  listener_->on_expired();
  end(ZooKeeperErrc::session_expired);
}

void FakeWire::on_refused_identity() {
  state_ = State::ended;
  listener_->on_auth_failed();
  end(ZooKeeperErrc::auth_failed);
}

void FakeWire::end(std::error_code error) {
  ensemble_->network().hang_up(connection_);
  connection_ = 0;
  fail_all(error);
  if (is_closing_) finish_closing();
}

void FakeWire::on_answer(const FakeRequest::Delivery& answer, std::int64_t zxid) {
  hear(zxid);
  if (!requests_.empty()) requests_.pop_front();  // answers come in the order of the requests
  answer();
  if (is_closing_ && requests_.empty()) say_farewell();
}

void FakeWire::on_event(const FakeChange& change) {
  hear();
  watches_.take(change);
  listener_->on_watch(change.type, change.path);
}

// --- Closing ------------------------------------------------------------------------------------

void FakeWire::close() noexcept {
  {
    const MutexLock lock(monitor_.mutex);
    takes_requests_ = false;
  }
  // Also while the client is frozen or stalled: that ends.
  on_loop(&FakeWire::begin_to_close);
  MutexLock lock(monitor_.mutex);
  while (!is_closed_) monitor_.changed->wait(lock);
}

void FakeWire::begin_to_close() {
  is_closing_ = true;
  if (state_ != State::connected) {
    if (connection_ != 0) ensemble_->network().hang_up(connection_);
    finish_closing();
    return;
  }
  if (requests_.empty()) {
    say_farewell();
    return;
  }
  ensemble_->network().schedule(line_, kDrainTime,
                                [self = shared_from_this()] { self->say_farewell(); });
}

void FakeWire::say_farewell() {
  if (state_ != State::connected || std::exchange(said_farewell_, true)) return;
  ensemble_->end_session_of(connection_);
  ensemble_->network().schedule(line_, kFarewellTime, [self = shared_from_this()] {
    if (self->connection_ != 0) self->ensemble_->network().hang_up(self->connection_);
    self->finish_closing();
  });
}

void FakeWire::finish_closing() {
  state_ = State::ended;
  connection_ = 0;
  fail_all(ZooKeeperErrc::connection_loss);
  {
    const MutexLock lock(monitor_.mutex);
    is_closed_ = true;
  }
  monitor_.changed->notify_all();
}

}  // namespace

std::shared_ptr<Wire> open_fake_wire(std::shared_ptr<FakeEnsemble> ensemble,
                                     std::shared_ptr<FakeLine> line, const ClientOptions& options,
                                     std::shared_ptr<WireListener> listener,
                                     const SessionIdentity* resume) {
  const auto wire = std::make_shared<FakeWire>(std::move(ensemble), std::move(line), options,
                                               std::move(listener), resume);
  wire->start();
  return wire;
}

}  // namespace zklock::internal
