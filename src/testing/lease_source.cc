#include <zklock/testing/lease_source.h>

#include <memory>
#include <optional>
#include <utility>

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

  void renew(const Context& context) override {
    verify(context);
    if (const auto end = end_of(ttl_)) prolong(*end);
  }
  void verify(const Context&) override {
    if (!valid()) throw LockError(Errc::lock_lost, loss_reason().message());
  }

 private:
  const std::chrono::milliseconds ttl_;
};

}  // namespace

Lease LeaseSource::grant(const LeaseOptions& options) {
  Grant grant;
  grant.znode = options.znode;
  grant.fencing_token = options.fencing_token != 0 ? options.fencing_token : ++last_token_;
  auto state = std::make_shared<SourcedLease>(std::move(grant), options);
  state->start();
  return LeaseAccess::make(std::move(state));
}

void LeaseSource::lose(const Lease& lease, LossReason reason) {
  if (const auto& state = LeaseAccess::state(lease)) state->lose_now(reason);
}

void LeaseSource::release(const Lease& lease) {
  if (const auto& state = LeaseAccess::state(lease)) static_cast<void>(state->release());
}

}  // namespace zklock::testing
