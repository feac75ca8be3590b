#include "client/protected_name.h"

namespace zklock::internal {

std::string protected_name(std::string_view id_hex, std::string_view name) {
  std::string result = "_c_";
  result.reserve(result.size() + id_hex.size() + 1 + name.size());
  result += id_hex;
  result += '-';
  result += name;
  return result;
}

std::string protected_prefix(std::string_view id_hex) { return protected_name(id_hex, "lock-"); }

}  // namespace zklock::internal
