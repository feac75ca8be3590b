// protected_name.h: names of znodes that can be found again if the answer to their create is lost.
#ifndef ZKLOCK_SRC_CLIENT_PROTECTED_NAME_H_
#define ZKLOCK_SRC_CLIENT_PROTECTED_NAME_H_

#include <string>
#include <string_view>

namespace zklock::internal {

/// "_c_<id_hex>-<name>": the name that create_protected_ephemeral_sequential creates for the last
/// part of its path, without the sequence number.
[[nodiscard]] std::string protected_name(std::string_view id_hex, std::string_view name);

/// The same for claims: "_c_<id_hex>-lock-".
[[nodiscard]] std::string protected_prefix(std::string_view id_hex);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_CLIENT_PROTECTED_NAME_H_
