#include <zklock/advanced/claim_client.h>

namespace zklock {

Session::~Session() = default;

std::error_code Session::loss_reason() const noexcept { return LossReason::session_expired; }

std::chrono::steady_clock::time_point Session::certain_until() const noexcept {
  return std::chrono::steady_clock::time_point::max();
}

std::stop_token Session::uncertain() const noexcept { return lost(); }

std::stop_token Session::ending(std::chrono::milliseconds /*margin*/) const { return uncertain(); }

std::shared_ptr<void> Session::keep_certain() const { return nullptr; }

Result<void> Session::become_certain(std::chrono::nanoseconds /*in_hand*/,
                                     const Context& /*context*/) const {
  return {};
}

std::stop_token Session::certain_again() const { return {}; }

ClaimChooser::~ClaimChooser() = default;

RemovalListener::~RemovalListener() = default;

void ClaimClient::remove_and_report(const std::string& path,
                                    const std::shared_ptr<RemovalListener>& /*listener*/) {
  remove_in_background(path);
}

}  // namespace zklock
