#include "session/current_connection.h"

#include <zklock/error.h>

#include <algorithm>
#include <utility>

#include "base/context_wait.h"

namespace zklock::internal {

Result<SessionConnection> CurrentConnection::await(const Context& context) {
  if (const std::optional<SessionConnection> up = get()) return *up;
  ContextWait wait(monitor_, context);
  MutexLock lock(monitor_.mutex);
  const WaitEnd end =
      wait.wait(lock, [this]() ZKLOCK_REQUIRES(monitor_.mutex) { return is_up() || failure_; });
  if (end != WaitEnd::ready) return error_of(end);
  if (failure_) return failure_;
  return now();
}

std::optional<SessionConnection> CurrentConnection::get() const {
  const MutexLock lock(monitor_.mutex);
  if (!is_up() || failure_) return std::nullopt;
  return now();
}

std::uint64_t CurrentConnection::last_number() const {
  const MutexLock lock(monitor_.mutex);
  return number_;
}

std::optional<std::uint64_t> CurrentConnection::last_number_of(std::uint64_t wire) const {
  const MutexLock lock(monitor_.mutex);
  return wire == wire_number_ ? std::optional(number_) : std::nullopt;
}

std::uint64_t CurrentConnection::number_on(std::uint64_t wire) const {
  const MutexLock lock(monitor_.mutex);
  return is_up() && wire == wire_number_ ? number_ : 0;
}

std::shared_ptr<SessionState> CurrentConnection::session() const {
  const MutexLock lock(monitor_.mutex);
  return session_;
}

std::error_code CurrentConnection::failure() const {
  const MutexLock lock(monitor_.mutex);
  return failure_;
}

std::optional<std::string> CurrentConnection::problem() const {
  const MutexLock lock(monitor_.mutex);
  if (problem_.empty() && !is_up()) return std::nullopt;
  return problem_;
}

CurrentConnection::Search CurrentConnection::search() const {
  const MutexLock lock(monitor_.mutex);
  return {wire_number_, is_dialing_, wire_, left_out_};
}

std::error_code CurrentConnection::dial_error() const {
  const MutexLock lock(monitor_.mutex);
  return dial_error_;
}

ConnectionHistory CurrentConnection::history() const {
  const MutexLock lock(monitor_.mutex);
  return {times_.answered, times_.heard, times_.disconnected, number_ - answered_number_};
}

std::shared_ptr<SessionState> CurrentConnection::answered(const Answered& operation) {
  const MutexLock lock(monitor_.mutex);
  // Sent on one connection and answered on another: it is unknown when it was really sent.
  if (!is_connected_ || operation.connection != number_) return nullptr;
  answered_number_ = number_;
  times_.answered = std::max(times_.answered, operation.sent);
  times_.heard = std::max(times_.heard, operation.received);
  return session_;
}

std::optional<CurrentConnection::Attempt> CurrentConnection::begin_dial() {
  const MutexLock lock(monitor_.mutex);
  if (failure_ || wire_) return std::nullopt;
  times_.dialed = Platform::current().boot_now();
  times_.answered = std::max(times_.answered, times_.dialed);
  is_dialing_ = true;
  return Attempt{++wire_number_, session_ ? std::optional(identity_) : std::nullopt};
}

CurrentConnection::Adoption CurrentConnection::adopt(std::uint64_t number,
                                                     std::shared_ptr<Wire> wire,
                                                     std::string left_out) {
  Adoption adoption = Adoption::refused;
  {
    const MutexLock lock(monitor_.mutex);
    is_dialing_ = false;
    if (!failure_ && number == wire_number_) {
      dial_error_.clear();
      wire_ = std::move(wire);
      problem_.clear();
      left_out_ = std::move(left_out);
      adoption = is_connected_ ? Adoption::connected : Adoption::searching;
    }
  }
  monitor_.changed->notify_all();
  return adoption;
}

bool CurrentConnection::fail_to_dial(std::uint64_t number, const std::string& problem,
                                     bool is_final, std::error_code error) {
  bool dials_again = false;
  {
    const MutexLock lock(monitor_.mutex);
    is_dialing_ = false;
    if (!failure_ && number == wire_number_) {
      problem_ = problem;
      dial_error_ = error;
      dials_again = !is_final || number_ > 0;
      if (!dials_again) failure_ = ZooKeeperErrc::connection_loss;
    }
  }
  monitor_.changed->notify_all();
  return dials_again;
}

std::optional<std::chrono::nanoseconds> CurrentConnection::searching_for() const {
  const MutexLock lock(monitor_.mutex);
  if (failure_ || is_connected_ || !wire_) return std::nullopt;
  return Platform::current().boot_now() - std::max(times_.dialed, times_.disconnected);
}

std::optional<CurrentConnection::Detached> CurrentConnection::detach_wire(
    std::optional<std::uint64_t> number) {
  const MutexLock lock(monitor_.mutex);
  if (failure_ || is_connected_ || (number && *number != wire_number_)) return std::nullopt;
  ++wire_number_;
  return Detached{std::exchange(wire_, nullptr), session_};
}

CurrentConnection::Connected CurrentConnection::on_connected(std::uint64_t wire,
                                                             const SessionIdentity& identity) {
  Connected connected;
  std::shared_ptr<SessionState> session;
  BootTime begun{};
  {
    const MutexLock lock(monitor_.mutex);
    if (wire != wire_number_) return connected;
    connected.is_current = true;
    connected.has_failed = static_cast<bool>(failure_);
    if (!session_ || session_->id() != identity.id) {
      connected.replaced = std::exchange(session_, std::make_shared<SessionState>(identity));
    }
    session = session_;
    begun = times_.answered;
    identity_ = identity;
    ++number_;
    problem_.clear();
    is_connected_ = true;
  }
  if (connected.has_failed) return connected;
  session->handshake(identity.timeout, begun, Platform::current().boot_now());
  monitor_.changed->notify_all();
  return connected;
}

bool CurrentConnection::on_disconnected(std::uint64_t wire) {
  const MutexLock lock(monitor_.mutex);
  if (wire != wire_number_ || !is_connected_) return false;
  is_connected_ = false;
  times_.disconnected = Platform::current().boot_now();
  return true;
}

std::optional<CurrentConnection::News> CurrentConnection::take_news() {
  const MutexLock lock(monitor_.mutex);
  if (!is_up() || std::exchange(reported_.connection, number_) == number_) return std::nullopt;
  return News{now(), std::exchange(reported_.wire, wire_number_) != wire_number_};
}

std::optional<CurrentConnection::Ended> CurrentConnection::end(std::uint64_t wire) {
  std::optional<Ended> ended;
  {
    const MutexLock lock(monitor_.mutex);
    if (wire != wire_number_) return std::nullopt;
    ended = end_now();
  }
  monitor_.changed->notify_all();
  return ended;
}

std::optional<CurrentConnection::Ended> CurrentConnection::end(
    const std::shared_ptr<SessionState>& session) {
  std::optional<Ended> ended;
  {
    const MutexLock lock(monitor_.mutex);
    if (session != session_) return std::nullopt;
    ended = end_now();
  }
  monitor_.changed->notify_all();
  return ended;
}

CurrentConnection::Ended CurrentConnection::end_now() {
  ++wire_number_;
  is_connected_ = false;
  return {std::exchange(wire_, nullptr), std::exchange(session_, nullptr), number_, failure_};
}

bool CurrentConnection::fail(std::uint64_t wire, std::error_code failure, std::string problem) {
  const MutexLock lock(monitor_.mutex);
  if (wire != wire_number_ || failure_) return false;
  failure_ = failure;
  problem_ = std::move(problem);
  return true;
}

bool CurrentConnection::refuse(std::uint64_t wire, const std::string& why, bool is_final) {
  const MutexLock lock(monitor_.mutex);
  if (wire != wire_number_ || failure_) return false;
  problem_ = why;
  if (is_final && number_ == 0) failure_ = ZooKeeperErrc::auth_failed;
  return static_cast<bool>(failure_);
}

CurrentConnection::Closing CurrentConnection::begin_close() {
  Closing closing;
  {
    const MutexLock lock(monitor_.mutex);
    failure_ = ZooKeeperErrc::closing;
    problem_ = "the client is closed";
    closing = {session_, number_, !session_ || !wire_ || is_connected_};
  }
  monitor_.changed->notify_all();
  return closing;
}

std::shared_ptr<Wire> CurrentConnection::end_close() {
  const MutexLock lock(monitor_.mutex);
  ++wire_number_;
  is_connected_ = false;
  session_ = nullptr;
  return std::exchange(wire_, nullptr);
}

}  // namespace zklock::internal
