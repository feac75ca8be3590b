// list_behind_write.h: finding out whether a create whose answer was lost was carried out.
#ifndef ZKLOCK_SRC_CLIENT_LIST_BEHIND_WRITE_H_
#define ZKLOCK_SRC_CLIENT_LIST_BEHIND_WRITE_H_

#include <zklock/result.h>

#include <string>
#include <system_error>

#include "session/session_connection.h"
#include "wire/wire.h"

namespace zklock::internal {

/// Lists `directory` behind a quorum write without effect, both in one flight. A list alone may
/// come from a server that does not know of the create yet. But a server that has answered a write
/// of the session knows all that was committed before; and from then on it refuses a create that is
/// still on its way over an older connection. `written` is called before `listed`.
void list_behind_write(const SessionConnection& connection, const std::string& directory,
                       Wire::Answer<void> written, Wire::Answer<Children> listed);

/// What both answers say of a create that was named `id`: the path of its node; "": there is none,
/// and there will be none; an error: nothing is known.
[[nodiscard]] Result<std::string> find_created(std::error_code written,
                                               const Result<Children>& listed,
                                               const std::string& directory, const std::string& id);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_LIST_BEHIND_WRITE_H_
