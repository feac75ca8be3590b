#include "session/redialer.h"

#include <utility>

#include "base/backoff.h"
#include "base/closer.h"

namespace zklock::internal {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestPause{50};
constexpr milliseconds kLongestPause{5'000};
/// How long libzookeeper looks for the servers that it knows before we resolve their names again.
/// Also the shortest pause between two look-ups: name servers serve many clients.
constexpr milliseconds kPatienceWithServers{2'000};

/// Clients that lost their connections together do not ask again together.
milliseconds pause_between_look_ups() {
  return backoff_pause(1, 2 * kPatienceWithServers, 2 * kPatienceWithServers);
}

}  // namespace

void Redialer::start(std::weak_ptr<DialTarget> target) {
  target_ = std::move(target);
  dial_soon();
}

void Redialer::run_at(SteadyTime time, void (Redialer::*step)(DialTarget&)) {
  connector_.schedule(time, [this, weak = target_, step] {
    const MayDropSession at_the_end;
    // The target owns this redialer.
    if (const auto target = weak.lock()) (this->*step)(*target);
  });
}

void Redialer::on_connected() {
  const MutexLock lock(mutex_);
  failures_ = 0;
}

milliseconds Redialer::next_pause() {
  const MutexLock lock(mutex_);
  return backoff_pause(++failures_, kShortestPause, kLongestPause);
}

void Redialer::dial(DialTarget& target) {
  const std::optional<DialTarget::Attempt> attempt = target.begin_dial();
  if (!attempt) return;
  const Dialer::Outcome outcome =
      dialer_->dial(attempt->listener, attempt->resume ? &*attempt->resume : nullptr);
  switch (target.end_dial(attempt->wire, outcome)) {
    case DialTarget::Next::search:
      look_for_servers_later();
      break;
    case DialTarget::Next::dial_again:
      dial_later();
      break;
    case DialTarget::Next::done:
      break;
  }
}

void Redialer::on_disconnected() {
  look_up_servers_soon();
  look_for_servers_later();
}

void Redialer::look_up_servers_soon() {
  if (!is_looking_up_.exchange(true)) run_at(next_look_up(), &Redialer::look_up_servers);
}

void Redialer::look_up_servers(DialTarget&) {
  is_looking_up_ = false;
  if (Platform::current().steady_now() < next_look_up()) return look_up_servers_soon();
  dialer_->look_up_servers();
  on_looked_up();
}

SteadyTime Redialer::next_look_up() {
  const MutexLock lock(mutex_);
  return next_look_up_;
}

void Redialer::on_looked_up() {
  const SteadyTime next = Platform::current().steady_now() + pause_between_look_ups();
  const MutexLock lock(mutex_);
  next_look_up_ = next;
}

void Redialer::look_for_servers_later() {
  if (!is_passing_.exchange(true)) pass_silent_servers_later();
  if (!is_looking_.exchange(true)) look_for_servers_in(kPatienceWithServers);
}

void Redialer::look_for_servers_in(std::chrono::nanoseconds pause) {
  run_at(Platform::current().steady_now() + pause, &Redialer::look_for_servers);
}

void Redialer::look_for_servers(DialTarget& target) {
  // In this order: a connection that breaks after the question is asked schedules the next look.
  is_looking_ = false;
  const std::optional<std::chrono::nanoseconds> searching_for = target.searching_for();
  if (!searching_for || is_looking_.exchange(true)) return;
  if (*searching_for < kPatienceWithServers) {  // there was a connection in between
    look_for_servers_in(kPatienceWithServers - *searching_for);
    return;
  }
  const bool have_moved = dialer_->servers_have_moved();
  on_looked_up();
  if (have_moved) {
    is_looking_ = false;
    target.replace_wire();
  } else {
    look_for_servers_in(pause_between_look_ups());
  }
}

void Redialer::pass_silent_servers_later() {
  const std::optional<std::chrono::nanoseconds> pause = dialer_->looks_at_attempts();
  if (!pause) return;
  run_at(Platform::current().steady_now() + *pause, &Redialer::pass_silent_servers);
}

void Redialer::pass_silent_servers(DialTarget& target) {
  is_passing_ = false;  // in this order, as above
  const std::optional<std::chrono::nanoseconds> searching_for = target.searching_for();
  if (!searching_for || is_passing_.exchange(true)) return;
  dialer_->end_unanswered_attempts(*searching_for);
  target.look_for_refusal();
  pass_silent_servers_later();
}

}  // namespace zklock::internal
