#include "wire/libzookeeper_log.h"

#include <cerrno>
#include <utility>

#include "wire/attempt_line.h"
#include "wire/close_on_exec.h"
#include "wire/ended_connections.h"
#include "wire/openssl.h"

namespace zklock::internal {

namespace {

/// Of "2026-11-23 11:41:02,123:4242(0x7f...):ZOO_WARN@function@123: text". libzookeeper's
/// information (each handle and address) is noise to a service, so it becomes `debug`.
LogLevel level_of(std::string_view line) {
  if (line.find(":ZOO_ERROR@") != std::string_view::npos) return LogLevel::error;
  if (line.find(":ZOO_WARN@") != std::string_view::npos) return LogLevel::warning;
  return LogLevel::debug;
}

/// What libzookeeper reports when its socket was shut down: while it connects, or later.
bool is_end(int error) { return error == ECONNRESET || error == EHOSTDOWN || error == EPIPE; }

}  // namespace

void LibZooKeeperLog::take(std::string_view line) {
  AttemptLine attempt = parse_attempt_line(line);
  if (attempt.kind == AttemptLine::Kind::failed) {
    // Of the thread that writes the line. Without TLS OpenSSL may be the application's, and be gone
    // when the process exits.
    if (has_tls_) attempt.tls_error = take_openssl_error();
    attempt.is_tls = attempt.is_tls || !attempt.tls_error.empty();
    if ((attempt.is_tls || is_end(attempt.error)) && was_just_ended(attempt.server)) {
      attempt.error = ETIMEDOUT;
    }
  }
  std::function<void(bool)> on_failed_attempt;
  {
    const MutexLock lock(mutex_);
    attempts_.note(attempt);
    if (attempt.kind == AttemptLine::Kind::refused) login_.negotiation = attempt.why;
    if (attempt.kind == AttemptLine::Kind::broken) login_.has_failed_here = true;
    if (attempt.kind == AttemptLine::Kind::failed || attempt.kind == AttemptLine::Kind::pausing) {
      on_failed_attempt = on_failed_attempt_;
    }
  }
  if (attempt.kind == AttemptLine::Kind::accepted) {
    close_connections_on_exec(servers_->in_use());
    connection_.begin(attempt.server);
  } else if (attempt.kind == AttemptLine::Kind::failed) {
    connection_.on_failed(attempt.server);
  } else if (attempt.kind == AttemptLine::Kind::stuck && servers_->give_up()) {
    // Once, also in the middle of an outage: the next lines are the same.
    log_->log().write(level_of(line), "libzookeeper: " + std::string(line));
    return;
  }
  write(attempt, line);
  if (on_failed_attempt) on_failed_attempt(attempt.kind == AttemptLine::Kind::pausing);
}

void LibZooKeeperLog::write(const AttemptLine& attempt, std::string_view line) const {
  if (!log_->log().enabled()) return;
  const LogLevel level = level_of(line);
  const std::string text = "libzookeeper: " + std::string(line);
  if (attempt.kind == AttemptLine::Kind::other && !servers_->is_given_up()) {
    log_->log().write(level, text);
  } else if (attempt.kind == AttemptLine::Kind::stuck) {
    log_->on_failure(level, text);
  } else if (attempt.kind == AttemptLine::Kind::failed) {
    const std::string& why = attempt.tls_error;
    log_->on_failure(level, why.empty() ? text : text + ": " + why);
  } else {
    log_->on_detail(level, text);
  }
}

void LibZooKeeperLog::on_failed_attempt(std::function<void(bool)> function) {
  const MutexLock lock(mutex_);
  on_failed_attempt_ = std::move(function);
}

void LibZooKeeperLog::on_connected() {
  close_connections_on_exec(servers_->in_use());  // the application may have switched off the lines
  const MutexLock lock(mutex_);
  attempts_.forget();
  login_ = {};
}

void LibZooKeeperLog::leave_server(std::chrono::nanoseconds silence) {
  const std::string server = connection_.leave(silence);
  if (server.empty()) return;
  log_->on_detail(LogLevel::warning, server + " does not answer: looking for another server");
}

std::string LibZooKeeperLog::problem() const {
  const MutexLock lock(mutex_);
  return attempts_.problem();
}

LibZooKeeperLog::Login LibZooKeeperLog::login() const {
  const MutexLock lock(mutex_);
  return login_;
}

}  // namespace zklock::internal
