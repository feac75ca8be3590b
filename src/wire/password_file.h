// password_file.h: the file with a user's password.
#ifndef ZKLOCK_SRC_WIRE_PASSWORD_FILE_H_
#define ZKLOCK_SRC_WIRE_PASSWORD_FILE_H_

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace zklock::internal {

/// Cyrus SASL's sasl_secret_t, with room for the text. It is overwritten in the end.
class Password {
 public:
  /// libzookeeper's own reader takes no more.
  static constexpr std::size_t kLongest = 1'023;

  Password() = default;
  ~Password() { wipe(); }
  Password(const Password&) = delete;
  Password& operator=(const Password&) = delete;

  /// Takes the first line of a file. Does not wait for what is no file. Returns why there is no
  /// password, without anything of the file; "": there is one.
  [[nodiscard]] std::string read(const std::string& file);
  [[nodiscard]] std::string_view text() const noexcept { return {text_.data(), length_}; }

 private:
  /// Keeps the first line of so many bytes. Returns what is wrong with it; null: nothing.
  [[nodiscard]] const char* take_line(std::size_t bytes) noexcept;
  void wipe() noexcept;

  unsigned long length_ = 0;               // NOLINT(google-runtime-int): the type is Cyrus's
  std::array<char, kLongest + 2> text_{};  // with the end of the line
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_PASSWORD_FILE_H_
