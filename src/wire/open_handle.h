// open_handle.h: opens a handle of libzookeeper.
#ifndef ZKLOCK_SRC_WIRE_OPEN_HANDLE_H_
#define ZKLOCK_SRC_WIRE_OPEN_HANDLE_H_

#include <zklock/client_options.h>
#include <zookeeper/zookeeper.h>

#include <string>

#include "wire/line_callback.h"
#include "wire/sasl_login.h"
#include "wire/wire.h"

namespace zklock::internal {

/// All of it outlives the call; `context` the handle.
struct HandleOptions {
  const std::string& connection_string;
  const ClientOptions& options;
  watcher_fn watcher = nullptr;
  LineCallback::Function log = nullptr;
  const SessionIdentity* resume = nullptr;  // null: a new session
  void* context = nullptr;                  // of the watcher
  const SaslLogin* login = nullptr;         // null: no SASL. Outlives the handle
};

/// Throws std::system_error if there are no resources for it.
[[nodiscard]] zhandle_t* open_handle(const HandleOptions& options);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_OPEN_HANDLE_H_
