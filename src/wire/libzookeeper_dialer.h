// libzookeeper_dialer.h: the Dialer of production.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_DIALER_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_DIALER_H_

#include <zklock/client_options.h>

#include <memory>
#include <string>

#include "wire/address.h"
#include "wire/dialer.h"
#include "wire/resolver.h"

namespace zklock::internal {

/// Resolves the names of an address and opens handles of libzookeeper for the result. `text`: the
/// address as the user wrote it, for messages. `look_up`: resolves a name.
[[nodiscard]] std::unique_ptr<Dialer> libzookeeper_dialer(
    std::string text, Address address, ClientOptions options,
    Resolver::LookUp look_up = &internal::look_up);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LIBZOOKEEPER_DIALER_H_
