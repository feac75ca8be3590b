#include "cli/error_detail.h"

#include <string>

namespace zklock::cli {

std::string_view error_detail(const LockError& error) {
  const std::string message = error.code().message();
  std::string_view detail = error.what();
  if (detail.starts_with(message)) detail.remove_prefix(message.size());
  if (detail.starts_with(": ")) detail.remove_prefix(2);
  return detail;
}

}  // namespace zklock::cli
