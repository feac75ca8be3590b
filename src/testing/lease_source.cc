#include <zklock/testing/lease_source.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/of_this_process.h"
#include "lock/lease_state.h"

namespace zklock::testing {

namespace {

using internal::Background;
using internal::BootTime;
using internal::Grant;
using internal::LeaseAccess;
using internal::LeaseState;
using internal::Platform;

std::optional<BootTime> end_of(std::chrono::milliseconds ttl) {
  if (ttl.count() <= 0) return std::nullopt;
  return internal::saturated_sum(Platform::current().boot_now(), ttl);
}

class SourcedLease final : public LeaseState {
 public:
  SourcedLease(Grant grant, const LeaseOptions& options)
      : LeaseState(std::move(grant), options.owner, end_of(options.ttl), Background::shared()),
        ttl_(options.ttl) {}

  [[nodiscard]] std::chrono::milliseconds ttl() const noexcept override { return ttl_; }

  void renew(const Context& context) override {
    verify(context);
    prolong(end_of(ttl_).value_or(BootTime::max()));
  }
  void verify(const Context& context) override { await_certainty(context); }

  void suspend_now() {
    is_told_at_once_ = true;
    suspend();
    is_told_at_once_ = false;
  }
  void go_on() {
    if (is_suspended()) resume({});
  }

  void set_remaining(std::chrono::nanoseconds remaining) {
    prolong(internal::saturated_sum(Platform::current().boot_now(), remaining));
    if (!stands()) return;
    is_told_at_once_ = true;
    watch_clock();
    is_told_at_once_ = false;
  }

 private:
  void run_callback(std::function<void()> callback) override {
    if (is_told_at_once_) return callback();
    LeaseState::run_callback(std::move(callback));
  }

  const std::chrono::milliseconds ttl_;
  std::atomic<bool> is_told_at_once_{false};
};

}  // namespace

Lease LeaseSource::grant(const LeaseOptions& options) {
  Grant grant;
  grant.znode = options.znode;
  grant.suspension = std::make_unique<internal::Suspension>(grant.certainty_ended);
  if (!options.trace.empty()) grant.trace = std::make_unique<const std::string>(options.trace);
  grant.fencing_token = options.fencing_token != 0 ? options.fencing_token : ++last_token_;
  auto state = internal::make_of_this_process<SourcedLease>(std::move(grant), options);
  state->start();
  return LeaseAccess::make(std::move(state));
}

void LeaseSource::set_remaining(const Lease& lease, std::chrono::milliseconds remaining) {
  const auto state = std::dynamic_pointer_cast<SourcedLease>(LeaseAccess::state(lease));
  if (!state) return;
  if (remaining.count() <= 0) return state->lose_now(LossReason::ttl_over);
  state->set_remaining(remaining);
}

void LeaseSource::suspend(const Lease& lease) {
  const auto state = std::dynamic_pointer_cast<SourcedLease>(LeaseAccess::state(lease));
  if (state) state->suspend_now();
}

void LeaseSource::resume(const Lease& lease) {
  const auto state = std::dynamic_pointer_cast<SourcedLease>(LeaseAccess::state(lease));
  if (state) state->go_on();
}

void LeaseSource::lose(const Lease& lease, LossReason reason) {
  if (const auto& state = LeaseAccess::state(lease)) state->lose_now(reason);
}

void LeaseSource::release(const Lease& lease) {
  if (const auto& state = LeaseAccess::state(lease)) static_cast<void>(state->release());
}

}  // namespace zklock::testing
