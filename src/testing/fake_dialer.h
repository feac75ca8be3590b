// fake_dialer.h: opens wires to a fake ensemble.
#ifndef ZKLOCK_SRC_TESTING_FAKE_DIALER_H_
#define ZKLOCK_SRC_TESTING_FAKE_DIALER_H_

#include <zklock/client_options.h>

#include <memory>
#include <string>

#include "testing/fake_ensemble.h"
#include "wire/dialer.h"

namespace zklock::internal {

/// Opens wires to `ensemble` for the client that has this line.
class FakeDialer final : public Dialer {
 public:
  FakeDialer(std::shared_ptr<FakeEnsemble> ensemble, std::shared_ptr<FakeLine> line,
             ClientOptions options);

  [[nodiscard]] Outcome dial(std::shared_ptr<WireListener> listener,
                             const SessionIdentity* resume) override;
  void look_up_servers() override;
  [[nodiscard]] bool servers_have_moved() override;
  /// On the same line: what cuts the one off cuts off the other.
  [[nodiscard]] std::unique_ptr<Dialer> another() const override;
  [[nodiscard]] const std::string& address() const noexcept override { return address_; }

 private:
  const std::shared_ptr<FakeEnsemble> ensemble_;
  const std::shared_ptr<FakeLine> line_;
  const ClientOptions options_;
  const std::string address_ = "the fake ensemble";
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_DIALER_H_
