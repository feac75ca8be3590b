#include "cli/run.h"

#include "cli/exit_status.h"

#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <semaphore>
#include <stop_token>
#include <string>
#include <string_view>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// Under which the Context of each call names the owner of the lock.
constexpr const char* kOwnerKey = "owner";

/// How long to try to release the lock. Longer makes no sense: the session is closed next, and that
/// removes the claim as well.
constexpr auto kReleaseTimeout = 5s;

std::string local_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  localtime_r(&seconds, &fields);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y/%m/%d %H:%M:%S", &fields);
  return {text.data(), length};
}

/// One line on standard error, written in one piece, like those of Go's log package.
void say(std::string_view message) {
  std::string line = local_time(std::chrono::system_clock::now());
  line.append(" ").append(message).append("\n");
  std::fputs(line.c_str(), stderr);
}

/// First what it is, alone, for those who look for exactly that line; then the details.
void say(const LockError& error) {
  const std::string message = error.code().message();
  say(message);
  std::string_view detail = error.what();
  if (detail.starts_with(message)) detail.remove_prefix(message.size());
  if (detail.starts_with(": ")) detail.remove_prefix(2);
  if (!detail.empty()) say(detail);
}

ZooKeeperLockConfig make_config(const Options& options) {
  // Who does not want to wait long for the lock does not want to wait longer for a server.
  const auto connect_timeout =
      std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout),
                 std::chrono::milliseconds(1s), ClientOptions().connect_timeout);
  return {.address = options.address,
          .path = options.path,
          .ttl = options.lock_ttl,
          .owner_key = kOwnerKey,
          .client = {.connect_timeout = connect_timeout}};
}

/// Blocks until stop is requested through one of them.
void wait_for_either(std::stop_token one, std::stop_token other) {
  std::counting_semaphore<2> requests(0);
  const auto count = [&requests] { requests.release(); };
  const std::stop_callback on_one(std::move(one), count);
  const std::stop_callback on_other(std::move(other), count);
  requests.acquire();
}

int hold(const Options& options, TerminationSignals& signals) {
  ZooKeeperLock lock(make_config(options));
  const Context context = Context().with_value(kOwnerKey, options.owner);

  signals.request_stop_on_first();  // from here on there may be a claim to take back
  const Lease lease =
      lock.lock(context.with_timeout(options.timeout).with_stop_token(signals.stop_token()));
  say("I've got the lock!");
  say("fencing token " + std::to_string(lease.fencing_token()) + ", claim " + lease.znode());

  wait_for_either(signals.stop_token(), lease.lost());
  if (lease.lost().stop_requested()) {
    say("I've lost the lock!");
    say(lease.loss_reason().message());
    return kLockLost;
  }
  lock.unlock(context.with_timeout(kReleaseTimeout));
  say("I've released the lock");
  return kSuccess;
}

std::string describe(const LockEntry& entry) {
  std::string text = entry.owner.empty() ? "somebody" : entry.owner;
  if (!entry.host.empty()) text += " on " + entry.host;
  if (entry.pid != 0) text += " (pid " + std::to_string(entry.pid) + ")";
  if (entry.since != std::chrono::system_clock::time_point()) {
    text += " since " + local_time(entry.since);
  }
  return text + ": " + entry.path;
}

int list(const Options& options) {
  const ZooKeeperLock lock(make_config(options));
  const LockEntries entries = lock.entries(Context().with_timeout(options.timeout));
  if (entries.empty()) std::puts("nobody holds the lock");
  std::string_view role = "held by ";
  for (const LockEntry& entry : entries) {
    std::printf("%s%s\n", std::string(role).c_str(), describe(entry).c_str());
    role = "then    ";
  }
  return kSuccess;
}

}  // namespace

int run(const Options& options, TerminationSignals& signals) {
  try {
    return options.list ? list(options) : hold(options, signals);
  } catch (const LockError& error) {
    if (error.code() == Errc::invalid_config) {
      std::fprintf(stderr, "%s\n", error.what());
      return kBadFlags;
    }
    say(error);
    if (error.code() == Errc::locking_canceled) return exit_status_of_signal(signals.first());
    return error.code() == Errc::lock_lost ? kLockLost : kFailure;
  }
}

}  // namespace zklock::cli
