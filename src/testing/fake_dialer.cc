#include "testing/fake_dialer.h"

#include <utility>

#include "testing/fake_wire.h"

namespace zklock::internal {

FakeDialer::FakeDialer(std::shared_ptr<FakeEnsemble> ensemble, std::shared_ptr<FakeLine> line,
                       ClientOptions options)
    : ensemble_(std::move(ensemble)), line_(std::move(line)), options_(std::move(options)) {}

Dialer::Outcome FakeDialer::dial(std::shared_ptr<WireListener> listener,
                                 const SessionIdentity* resume) {
  return {open_fake_wire(ensemble_, line_, options_, std::move(listener), resume), {}};
}

std::unique_ptr<Dialer> FakeDialer::another() const {
  return std::make_unique<FakeDialer>(ensemble_, line_, options_);
}

// A handle takes the addresses where it goes on to look for a server.
void FakeDialer::look_up_servers() {
  ensemble_->run([this] { line_->addresses = ensemble_->addresses().resolve(); });
}

bool FakeDialer::servers_have_moved() {
  look_up_servers();
  bool have_moved = false;
  ensemble_->run([&] { have_moved = std::exchange(line_->servers_move, false); });
  return have_moved;
}

}  // namespace zklock::internal
