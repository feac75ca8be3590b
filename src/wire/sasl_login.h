// sasl_login.h: what Cyrus SASL asks while libzookeeper logs a user in.
#ifndef ZKLOCK_SRC_WIRE_SASL_LOGIN_H_
#define ZKLOCK_SRC_WIRE_SASL_LOGIN_H_

#include <zklock/client_options.h>

#include <array>
#include <string>

#include "wire/password_file.h"

namespace zklock::internal {

/// Of one handle, which it outlives. (libzookeeper's own callbacks are never freed.)
///
/// Thread safety: all functions may be called from any thread. Cyrus asks on the handle's network
/// thread.
class SaslLogin {
 public:
  explicit SaslLogin(SaslOptions options);
  ~SaslLogin() = default;
  SaslLogin(const SaslLogin&) = delete;
  SaslLogin& operator=(const SaslLogin&) = delete;

  /// An array of sasl_callback_t.
  [[nodiscard]] const void* callbacks() const noexcept { return callbacks_.data(); }
  /// The servers, or Cyrus, have refused: why, in words. `negotiation`: what Cyrus said, "" if
  /// nothing.
  [[nodiscard]] std::string refusal(const std::string& negotiation) const;

 private:
  /// sasl_callback_t. Its functions return int, and have different parameters, by `id`.
  struct Callback {
    unsigned long id = 0;  // NOLINT(google-runtime-int): the type is Cyrus's
    void (*function)() = nullptr;
    void* context = nullptr;
  };
  static int get_option(void* context, const char* plugin, const char* option, const char** result,
                        unsigned* length) noexcept;
  static int get_name(void* context, int id, const char** result, unsigned* length) noexcept;
  static int get_password(void* connection, void* context, int id, void** secret) noexcept;

  const SaslOptions options_;
  const std::array<Callback, 5> callbacks_;
  Password password_;  // of the network thread. Cyrus refers to it until the next connection
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_SASL_LOGIN_H_
