#include "testing/fake_faults.h"

#include <algorithm>

namespace zklock::internal {

/// The first fault of this kind that is meant for the request, if there is one; that is one less
/// then.
std::error_code FakeFaults::take(const FakeRequest& request, std::int64_t session,
                                 Fault::Kind kind) {
  const auto fault = std::find_if(faults_.begin(), faults_.end(), [&](const Fault& known) {
    const bool is_operation =
        known.operation == FakeOperation::any || known.operation == request.operation;
    return known.kind == kind && is_operation && (known.session == 0 || known.session == session);
  });
  if (fault == faults_.end()) return {};
  const std::error_code error = fault->error;
  if (--fault->times == 0) faults_.erase(fault);
  return error;
}

std::error_code FakeFaults::take_error(const FakeRequest& request, std::int64_t session) {
  return take(request, session, Fault::Kind::error);
}

bool FakeFaults::take_loss(const FakeRequest& request, std::int64_t session) {
  return static_cast<bool>(take(request, session, Fault::Kind::loss));
}

void FakeFaults::lose_next_answer(FakeOperation operation, std::int64_t session) {
  faults_.push_back({Fault::Kind::loss, operation, session, ZooKeeperErrc::connection_loss, 1});
}

void FakeFaults::fail_next(FakeOperation operation, std::error_code error, int times) {
  faults_.push_back({Fault::Kind::error, operation, 0, error, times});
}

}  // namespace zklock::internal
