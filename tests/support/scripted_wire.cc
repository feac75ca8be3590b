#include "support/scripted_wire.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <chrono>
#include <system_error>

namespace zklock::testing {

namespace {

constexpr std::chrono::seconds kRealPatience{10};

}  // namespace

using internal::Dialer;
using internal::SessionIdentity;
using internal::WireListener;

void ScriptedWire::create(const std::string& path, const std::string& data, const Acl& acl,
                          CreateMode mode, Answer<Created> answer) {
  send({.op = WireRequest::Op::create,
        .path = path,
        .data = data,
        .mode = mode,
        .acl = acl,
        .reply = std::move(answer)});
}

void ScriptedWire::children(const std::string& path, bool watch, Answer<Children> answer) {
  send({.op = WireRequest::Op::children, .path = path, .watch = watch, .reply = std::move(answer)});
}

void ScriptedWire::get(const std::string& path, bool watch, Answer<Znode> answer) {
  send({.op = WireRequest::Op::get, .path = path, .watch = watch, .reply = std::move(answer)});
}

void ScriptedWire::set(const std::string& path, const std::string& data, std::int32_t version,
                       Answer<Stat> answer) {
  send({.op = WireRequest::Op::set,
        .path = path,
        .data = data,
        .version = version,
        .reply = std::move(answer)});
}

void ScriptedWire::remove(const std::string& path, std::int32_t version, Answer<void> answer) {
  send({.op = WireRequest::Op::remove,
        .path = path,
        .version = version,
        .reply = std::move(answer)});
}

void ScriptedWire::check(const std::string& path, std::int32_t version, Answer<void> answer) {
  send(
      {.op = WireRequest::Op::check, .path = path, .version = version, .reply = std::move(answer)});
}

void ScriptedWire::multi(const std::vector<MultiOperation>& operations,
                         Answer<MultiResult> answer) {
  send({.op = WireRequest::Op::multi, .path = operations.front().path, .reply = std::move(answer)});
}

void ScriptedWire::send(WireRequest request) {
  {
    const std::scoped_lock lock(mutex_);
    if (!closed_) {
      Requests& requests = request.path == "/zookeeper" ? upkeep_ : requests_;
      requests.push_back(std::move(request));
      changed_.notify_all();
      return;
    }
  }
  request.fail(ZooKeeperErrc::connection_loss);
}

void ScriptedWire::refuse(const std::string& why, bool may_pass) {
  const std::scoped_lock lock(mutex_);
  refusal_ = {why, may_pass};
}

void ScriptedWire::when_asked_for_refusal(std::function<void()> event) {
  const std::scoped_lock lock(mutex_);
  when_asked_for_refusal_ = std::move(event);
}

internal::Refusal ScriptedWire::take_refusal() {
  std::function<void()> event;
  internal::Refusal refusal;
  {
    const std::scoped_lock lock(mutex_);
    event.swap(when_asked_for_refusal_);
    refusal = std::exchange(refusal_, {});
  }
  if (event) event();
  return refusal;
}

void ScriptedWire::close() noexcept {
  ++closes_;
  Requests unanswered;
  Requests upkeep;
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    unanswered.swap(requests_);
    upkeep.swap(upkeep_);
    changed_.notify_all();
  }
  for (const WireRequest& request : unanswered) request.fail(ZooKeeperErrc::connection_loss);
  for (const WireRequest& request : upkeep) request.fail(ZooKeeperErrc::connection_loss);
}

WireRequest ScriptedWire::take(WireRequest::Op op) {
  WireRequest request = take_from(requests_);
  EXPECT_EQ(request.op, op) << request.path;
  return request;
}

WireRequest ScriptedWire::take_upkeep(WireRequest::Op op) {
  WireRequest request = take_from(upkeep_);
  EXPECT_EQ(request.op, op);
  return request;
}

WireRequest ScriptedWire::take_any_upkeep() { return take_from(upkeep_); }

WireRequest ScriptedWire::take_from(Requests& requests) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kRealPatience, [&] { return !requests.empty(); })) {
    ADD_FAILURE() << "nothing was sent";
    // To be answered into the void.
    WireRequest none;
    return none;
  }
  WireRequest request = std::move(requests.front());
  requests.pop_front();
  return request;
}

bool ScriptedWire::has_requests() const {
  const std::scoped_lock lock(mutex_);
  return !requests_.empty();
}

bool ScriptedWire::has_upkeep() const {
  const std::scoped_lock lock(mutex_);
  return !upkeep_.empty();
}

bool ScriptedWire::await_closed() {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kRealPatience, [&] { return closed_; });
}

bool ScriptedWire::is_closed() const {
  const std::scoped_lock lock(mutex_);
  return closed_;
}

void ScriptedWire::connect(std::int64_t session, std::chrono::milliseconds timeout) {
  listener->on_connected(SessionIdentity{.id = session, .timeout = timeout});
}

class ScriptedEnsemble::ScriptedDialer final : public Dialer {
 public:
  explicit ScriptedDialer(std::shared_ptr<State> state) : state_(std::move(state)) {}

  Outcome dial(std::shared_ptr<WireListener> listener, const SessionIdentity* resume) override {
    std::shared_ptr<ScriptedWire> wire;
    std::optional<std::int64_t> early;
    {
      const std::scoped_lock lock(state_->mutex);
      ++state_->dials;
      if (!state_->refusals.empty()) {
        const Outcome refused{nullptr, state_->refusals.front()};
        state_->refusals.pop_front();
        return refused;
      }
      wire = std::make_shared<ScriptedWire>(
          std::move(listener), resume != nullptr ? std::optional(*resume) : std::nullopt);
      early = std::exchange(state_->early, std::nullopt);
    }
    if (early) wire->connect(*early);
    const std::scoped_lock lock(state_->mutex);
    state_->wires.push_back(wire);
    state_->changed.notify_all();
    return {wire, {}};
  }

  void look_up_servers() override {
    const std::scoped_lock lock(state_->mutex);
    ++state_->look_ups;
  }

  bool servers_have_moved() override {
    const std::scoped_lock lock(state_->mutex);
    return std::exchange(state_->moved, false);
  }

  std::optional<std::chrono::nanoseconds> looks_at_attempts() const override {
    const std::scoped_lock lock(state_->mutex);
    return state_->looks_at_attempts;
  }

  void end_unanswered_attempts(std::chrono::nanoseconds /*searching_for*/) override {
    const std::scoped_lock lock(state_->mutex);
    ++state_->looks;
  }

  const std::string& address() const noexcept override { return address_; }

  [[nodiscard]] std::unique_ptr<Dialer> another() const override {
    const std::scoped_lock lock(state_->mutex);
    if (state_->lacks_threads) {
      throw std::system_error(EAGAIN, std::generic_category(), "no thread to be had");
    }
    return std::make_unique<ScriptedDialer>(state_);
  }

 private:
  const std::shared_ptr<State> state_;
  const std::string address_ = "zk1:2181";
};

std::unique_ptr<Dialer> ScriptedEnsemble::dialer() {
  return std::make_unique<ScriptedDialer>(state_);
}

std::shared_ptr<ScriptedWire> ScriptedEnsemble::next_wire() {
  std::unique_lock lock(state_->mutex);
  if (!state_->changed.wait_for(lock, kRealPatience, [&] { return !state_->wires.empty(); })) {
    ADD_FAILURE() << "nothing was dialed";
    return std::make_shared<ScriptedWire>(nullptr, std::nullopt);
  }
  std::shared_ptr<ScriptedWire> wire = std::move(state_->wires.front());
  state_->wires.pop_front();
  return wire;
}

int ScriptedEnsemble::dials() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->dials;
}

void ScriptedEnsemble::refuse_next(const std::string& problem, bool is_retryable) {
  const std::scoped_lock lock(state_->mutex);
  state_->refusals.push_back({problem, is_retryable});
}

void ScriptedEnsemble::look_at_attempts_each(std::chrono::nanoseconds pause) {
  const std::scoped_lock lock(state_->mutex);
  state_->looks_at_attempts = pause;
}

int ScriptedEnsemble::looks_at_attempts() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->looks;
}

int ScriptedEnsemble::look_ups() const {
  const std::scoped_lock lock(state_->mutex);
  return state_->look_ups;
}

void ScriptedEnsemble::lack_threads(bool lacks) {
  const std::scoped_lock lock(state_->mutex);
  state_->lacks_threads = lacks;
}

void ScriptedEnsemble::move_servers() {
  const std::scoped_lock lock(state_->mutex);
  state_->moved = true;
}

void ScriptedEnsemble::connect_early(std::int64_t session) {
  const std::scoped_lock lock(state_->mutex);
  state_->early = session;
}

}  // namespace zklock::testing
