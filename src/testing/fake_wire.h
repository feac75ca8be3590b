// fake_wire.h: a Wire to a fake ensemble, which behaves as libzookeeper does.
#ifndef ZKLOCK_SRC_TESTING_FAKE_WIRE_H_
#define ZKLOCK_SRC_TESTING_FAKE_WIRE_H_

#include <zklock/client_options.h>

#include <memory>

#include "testing/fake_ensemble.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Begins to connect the client that has this line to the ensemble; with `resume`, to attach to
/// that session.
[[nodiscard]] std::shared_ptr<Wire> open_fake_wire(std::shared_ptr<FakeEnsemble> ensemble,
                                                   std::shared_ptr<FakeLine> line,
                                                   const ClientOptions& options,
                                                   std::shared_ptr<WireListener> listener,
                                                   const SessionIdentity* resume);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_WIRE_H_
