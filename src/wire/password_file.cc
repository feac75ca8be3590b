#include "wire/password_file.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <system_error>

#include "base/utf8.h"

namespace zklock::internal {

namespace {

/// libzookeeper's own reader takes no more.
constexpr std::size_t kLongest = 1'023;

using Buffer = std::array<char, kLongest + 2>;  // with the end of the line

/// Returns how much was read, or -1 with `errno` set.
ssize_t read_some(const std::string& file, Buffer& buffer) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return -1;
  const ssize_t length = ::read(descriptor, buffer.data(), buffer.size());
  const int problem = errno;
  ::close(descriptor);
  errno = problem;
  return length;
}

}  // namespace

Password read_password(const std::string& file) {
  Buffer buffer{};
  const ssize_t length = read_some(file, buffer);
  if (length < 0) {
    return {{}, "cannot read " + in_quotes(file) + ": " + std::generic_category().message(errno)};
  }
  const std::string_view read(buffer.data(), static_cast<std::size_t>(length));
  std::string_view line = read.substr(0, read.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  Password password;
  if (line.empty()) {
    password.problem = "the first line of " + in_quotes(file) + " is empty";
  } else if (line.size() > kLongest) {
    password.problem = "the first line of " + in_quotes(file) + " is longer than " +
                       std::to_string(kLongest) + " bytes";
  } else if (line.find('\0') != std::string_view::npos) {
    password.problem = "the first line of " + in_quotes(file) + " has a NUL in it";
  } else {
    password.text = line;
  }
  explicit_bzero(buffer.data(), buffer.size());
  return password;
}

void wipe(std::string& secret) noexcept { explicit_bzero(secret.data(), secret.size()); }

}  // namespace zklock::internal
