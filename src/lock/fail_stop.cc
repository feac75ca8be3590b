#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zklock/fail_stop.h>

#include <algorithm>
#include <cerrno>
#include <stop_token>
#include <string>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "base/mutex.h"
#include "base/platform.h"
#include "base/with_lock_errors.h"
#include "lock/lease_state.h"

namespace zklock {

namespace {

using internal::LeaseAccess;
using internal::LeaseState;
using internal::Monitor;
using internal::MutexLock;
using internal::Platform;
using internal::SteadyTime;

/// It sleeps no longer than that, or a twelfth of the session timeout: the end of a TTL comes
/// nearer while the machine is suspended, which no timer sees.
constexpr std::chrono::seconds kLongestSleep{1};
constexpr int kLooksInATimeout = 12;

/// Writes to standard error, unless that would block: nothing may keep the process from ending.
void say(std::string& line) noexcept {
  pollfd standard_error{.fd = STDERR_FILENO, .events = POLLOUT, .revents = 0};
  if (poll(&standard_error, 1, 0) != 1 || (standard_error.revents & POLLOUT) == 0) return;
  const iovec text{.iov_base = line.data(), .iov_len = line.size()};
  // Another thread may have filled the pipe since. Terminals and files may not know the flag.
  if (pwritev2(STDERR_FILENO, &text, 1, -1, RWF_NOWAIT) >= 0 || errno != EOPNOTSUPP) return;
  static_cast<void>(!write(STDERR_FILENO, line.data(), line.size()));
}

}  // namespace

/// The thread, and what wakes it.
class ZKLOCK_HIDDEN FailStop::Watch {
 public:
  /// Throws std::system_error.
  Watch(Lease lease, std::chrono::milliseconds margin)
      : lease_(std::move(lease)), state_(*LeaseAccess::state(lease_)), margin_(margin) {
    thread_ = Platform::current().start_thread("zklock-failstop", [this] { watch(); });
  }

  [[nodiscard]] bool is_forked() const noexcept { return state_.is_forked(); }

  void disarm() noexcept {
    {
      const MutexLock lock(monitor_.mutex);
      is_disarmed_ = true;
    }
    monitor_.changed->notify_all();
    thread_->join();
  }

 private:
  struct Look {
    Watch& watch;
    void operator()() const noexcept { watch.look(); }
  };

  /// Something has changed.
  void look() noexcept {
    {
      const MutexLock lock(monitor_.mutex);
      must_look_ = true;
    }
    monitor_.changed->notify_all();
  }

  void watch() noexcept {
    MutexLock lock(monitor_.mutex);
    while (!is_disarmed_) {
      must_look_ = false;
      lock.unlock();
      if (state_.is_released()) return;
      const SteadyTime now = Platform::current().steady_now();  // first: newer evidence is better
      const SteadyTime due = due_at();
      if (now >= due) end_process();
      lock.lock();
      if (must_look_ || is_disarmed_) continue;
      if (due == SteadyTime::max()) {
        monitor_.changed->wait(lock);
      } else {
        monitor_.changed->wait_until(lock, std::min(due, internal::saturated_sum(now, sleep_)));
      }
    }
  }

  /// Only reads. A thread that ends a lease may be stuck in it.
  [[nodiscard]] SteadyTime due_at() const noexcept {
    if (!state_.is_held() || state_.is_uncertain()) {
      return state_.is_released() ? SteadyTime::max() : SteadyTime::min();
    }
    const SteadyTime end = state_.bound();
    return end == SteadyTime::max() ? end : internal::saturated_sum(end, -margin_);
  }

  [[noreturn]] void end_process() const noexcept {
    try {
      std::string line = "zklock: the process ends with status 76: ";
      line.append(state_.grant().znode);
      if (const std::error_code reason = state_.loss_reason()) {
        line.append(" is lost: ").append(reason.message());
      } else if (state_.is_suspended()) {
        line.append(" is suspended");
      } else {
        line.append(" is within ").append(std::to_string(margin_.count())).append(" ms of its end");
      }
      line = internal::with_trace(std::move(line), state_.trace()).append("\n");
      say(line);
    } catch (...) {  // out of memory: without a word
    }
    _exit(kExitStatus);
  }

  const Lease lease_;
  LeaseState& state_;
  const std::chrono::milliseconds margin_;
  const std::chrono::nanoseconds sleep_ =
      state_.grant().session ? state_.grant().session->timeout() / kLooksInATimeout : kLongestSleep;

  Monitor monitor_;
  bool must_look_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  bool is_disarmed_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
  const std::stop_callback<Look> on_end_{state_.ended(), Look{*this}};
  // The thread knows the time itself; but a server may negotiate a shorter timeout.
  const std::stop_callback<Look> on_warning_{lease_.ending(margin_), Look{*this}};
  std::unique_ptr<internal::Thread> thread_;
};

FailStop::FailStop(const Lease& lease, std::chrono::milliseconds margin) {
  if (!lease.valid()) throw LockError(Errc::lock_lost, lease.znode());
  watch_ = internal::with_lock_errors([&] { return std::make_unique<Watch>(lease, margin); });
}

FailStop::~FailStop() {
  if (watch_->is_forked()) {
    static_cast<void>(watch_.release());  // there is no such thread here
  } else {
    watch_->disarm();
  }
}

}  // namespace zklock
