// password_file.h: the file with a user's password.
#ifndef ZKLOCK_SRC_WIRE_PASSWORD_FILE_H_
#define ZKLOCK_SRC_WIRE_PASSWORD_FILE_H_

#include <string>

namespace zklock::internal {

struct Password {
  std::string text{};
  std::string problem{};  // why there is none, without anything of the file; "": there is one
};

/// Reads the first line of a file. Does not wait for what is no file.
[[nodiscard]] Password read_password(const std::string& file);

/// Overwrites a secret, so that it does not stay in memory that is freed.
void wipe(std::string& secret) noexcept;

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_PASSWORD_FILE_H_
