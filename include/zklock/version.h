// zklock/version.h: which version of the library this is.
#ifndef ZKLOCK_VERSION_H_
#define ZKLOCK_VERSION_H_

#include <zklock/export.h>

#define ZKLOCK_VERSION_MAJOR 0
#define ZKLOCK_VERSION_MINOR 1
#define ZKLOCK_VERSION_PATCH 0

namespace zklock {

/// The version of the library that is linked, such as "0.1.0"; the macros are those of the headers.
[[nodiscard]] ZKLOCK_EXPORT const char* version() noexcept;

}  // namespace zklock

#endif  // ZKLOCK_VERSION_H_
