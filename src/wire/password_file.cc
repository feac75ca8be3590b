#include "wire/password_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <type_traits>

#include "base/utf8.h"

namespace zklock::internal {

static_assert(std::is_standard_layout_v<Password>, "Cyrus SASL reads it");

std::string Password::read(const std::string& file) {
  wipe();
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  // It is read again for each login, which a pipe is not good for.
  struct stat status {};
  const bool is_file =
      descriptor >= 0 && ::fstat(descriptor, &status) == 0 && !S_ISFIFO(status.st_mode);
  if (descriptor >= 0 && !is_file) errno = ESPIPE;
  const ssize_t bytes = is_file ? ::read(descriptor, text_.data(), text_.size()) : -1;
  const int error = errno;
  if (descriptor >= 0) ::close(descriptor);
  const char* const problem = bytes < 0 ? "" : take_line(static_cast<std::size_t>(bytes));
  if (problem == nullptr) return {};
  wipe();
  std::string text = bytes < 0 ? "cannot read " : "the first line of ";
  text += in_quotes(file);
  text += bytes < 0 ? ": " + std::generic_category().message(error) : problem;
  return text;
}

const char* Password::take_line(std::size_t bytes) noexcept {
  char* const begin = text_.data();
  char* end = std::find(begin, begin + bytes, '\n');
  if (end != begin && end[-1] == '\r') --end;
  length_ = static_cast<std::size_t>(end - begin);
  if (length_ == 0) return " is empty";
  if (length_ > kLongest) return " is longer than 1023 bytes";
  if (std::find(begin, end, '\0') != end) return " has a NUL in it";
  explicit_bzero(end, text_.size() - length_);
  return nullptr;
}

void Password::wipe() noexcept {
  length_ = 0;
  explicit_bzero(text_.data(), text_.size());
}

}  // namespace zklock::internal
