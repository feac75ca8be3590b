// Opens the session of a command.
#ifndef ZKLOCK_SRC_CLI_OPEN_SERVERS_H_
#define ZKLOCK_SRC_CLI_OPEN_SERVERS_H_

#include <zklock/client_options.h>
#include <zklock/zookeeper_client.h>

#include <memory>

#include "cli/command_line.h"

namespace zklock::cli {

/// `options`: what `servers` says nothing of. Throws LockError if no server answers in time, and
/// std::invalid_argument if a file that is named in the environment cannot be used.
[[nodiscard]] std::shared_ptr<ZooKeeperClient> open_servers(const Servers& servers,
                                                            ClientOptions options);

}  // namespace zklock::cli

#endif  // ZKLOCK_SRC_CLI_OPEN_SERVERS_H_
