#include "cli/example_run.h"

#include "cli/error_detail.h"
#include "cli/example_status.h"
#include "cli/signal_status.h"

#include <zklock/zookeeper_lock.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <memory>
#include <semaphore>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// The key of the owner in the Context of each call.
constexpr const char* kOwnerKey = "owner";

/// Time limit of the unlock. More is useless: closing the session, which comes next, also removes
/// the claim.
constexpr auto kReleaseTimeout = 5s;

/// Time limit of a look at the queue while waiting.
constexpr auto kListTimeout = 5s;

std::string local_time(std::chrono::system_clock::time_point time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  localtime_r(&seconds, &fields);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y/%m/%d %H:%M:%S", &fields);
  return {text.data(), length};
}

/// Prints one line on standard error, in one write, in the format of Go's log package.
void say(std::string_view message) {
  std::string line = local_time(std::chrono::system_clock::now());
  line.append(" ").append(message).append("\n");
  std::fputs(line.c_str(), stderr);
}

/// Prints `what` on a line of its own, since scripts look for exactly that line, then the details.
void say_failure(std::string_view what, const LockError& error) {
  say(what);
  const std::string_view detail = error_detail(error);
  if (!detail.empty()) say(detail);
}

ZooKeeperLockConfig make_config(const Options& options) {
  // A short time limit for the lock is one for the connection, too.
  const auto connect_timeout =
      std::clamp(std::chrono::duration_cast<std::chrono::milliseconds>(options.timeout),
                 std::chrono::milliseconds(1s), ClientOptions().connect_timeout);
  return {.address = options.address,
          .path = options.path,
          .ttl = options.lock_ttl,
          .owner_key = kOwnerKey,
          .client = {.connect_timeout = connect_timeout}};
}

/// Blocks until a stop is requested through one of the two.
void wait_for_either(std::stop_token one, std::stop_token other) {
  std::counting_semaphore<2> requests(0);
  const auto count = [&requests] { requests.release(); };
  const std::stop_callback on_one(std::move(one), count);
  const std::stop_callback on_other(std::move(other), count);
  requests.acquire();
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

/// Prints which claim holds the lock while ours waits, once for each holder.
class WaitingReport : public LockObserver {
 public:
  /// To be called before `lock.lock(context)`. `lock` must outlive that call.
  void set_call(const ZooKeeperLock& lock, const Context& context) {
    lock_ = &lock;
    context_ = context;
  }

  void on_waiting(const std::string& znode, std::size_t ahead) override {
    LockEntries entries;
    try {
      entries = lock_->entries(context_.with_timeout(kListTimeout));
    } catch (const LockError&) {
      return;  // nothing to report; the wait itself meets the same error, if it lasts
    }
    if (entries.empty()) return;
    const LockEntry& holder = *entries.begin();
    if (holder.path == znode || holder.path == reported_) return;
    reported_ = holder.path;
    say("waiting for " + describe(holder) + "; " + std::to_string(ahead) + " ahead");
  }

 private:
  const ZooKeeperLock* lock_ = nullptr;
  Context context_;
  std::string reported_;  // the claim of the last holder that was reported
};

int hold(const Options& options, TerminationSignals& signals) {
  const auto report = std::make_shared<WaitingReport>();
  ZooKeeperLockConfig config = make_config(options);
  config.observer = report;
  ZooKeeperLock lock(std::move(config));
  const Context context = Context().with_value(kOwnerKey, options.owner);

  signals.request_stop_on_first();  // from now on there may be a claim to remove
  const Context patience =
      context.with_timeout(options.timeout).with_stop_token(signals.stop_token());
  report->set_call(lock, patience);
  const Lease lease = lock.lock(patience);
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
    say_failure(
        options.list ? "cannot list who holds and awaits " + options.path : error.code().message(),
        error);
    if (error.code() == Errc::no_server_answered) return kNoServer;
    if (options.list) return kFailure;
    if (error.code() == Errc::locking_canceled) return exit_status_of_signal(signals.first());
    return error.code() == Errc::lock_lost ? kLockLost : kFailure;
  }
}

}  // namespace zklock::cli
