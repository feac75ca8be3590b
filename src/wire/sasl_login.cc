#include "wire/sasl_login.h"

#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "wire/cyrus_sasl.h"

namespace zklock::internal {

namespace {

// Of sasl/sasl.h.
constexpr int kFail = -1;
constexpr int kNoMemory = -2;
constexpr unsigned kGetOption = 1;
constexpr unsigned kUser = 0x4001;
constexpr unsigned kAuthenticationName = 0x4002;
constexpr unsigned kPassword = 0x4004;

/// The name of an option of Cyrus's, and a value: nothing is logged.
constexpr const char* kLogLevel = "log_level";
constexpr const char* kLogNothing = "0";

using AnyFunction = void (*)();

}  // namespace

SaslLogin::SaslLogin(SaslOptions options)
    : options_(std::move(options)),
      callbacks_{{{kGetOption, reinterpret_cast<AnyFunction>(get_option), this},
                  {kUser, reinterpret_cast<AnyFunction>(get_name), this},
                  {kAuthenticationName, reinterpret_cast<AnyFunction>(get_name), this},
                  {kPassword, reinterpret_cast<AnyFunction>(get_password), this},
                  {}}} {}

/// Otherwise it writes to the system's log, with each connection. libzookeeper logs its errors.
int SaslLogin::get_option(void* /*context*/, const char* /*plugin*/, const char* option,
                          const char** result, unsigned* length) noexcept {
  if (option == nullptr || result == nullptr || std::strcmp(option, kLogLevel) != 0) return kFail;
  *result = kLogNothing;
  if (length != nullptr) *length = 1;
  return kSaslOk;
}

int SaslLogin::get_name(void* context, int /*id*/, const char** result, unsigned* length) noexcept {
  const std::string& user = static_cast<const SaslLogin*>(context)->options_.user;
  *result = user.c_str();
  if (length != nullptr) *length = static_cast<unsigned>(user.size());
  return kSaslOk;
}

int SaslLogin::get_password(void* /*connection*/, void* context, int /*id*/,
                            void** secret) noexcept {
  try {
    auto& self = *static_cast<SaslLogin*>(context);
    if (!self.password_.read(self.options_.password_file).empty()) return kFail;
    *secret = &self.password_;
    return kSaslOk;
  } catch (...) {
    return kNoMemory;
  }
}

std::string SaslLogin::refusal(const std::string& negotiation) const {
  std::string why = Password().read(options_.password_file);
  if (why.empty()) why = negotiation;
  if (why.empty()) why = "the servers refuse the name, or the password";
  return "cannot log in " + in_quotes(options_.user) + " by SASL: " + why;
}

}  // namespace zklock::internal
