#include "wire/sasl_login.h"

#include <string.h>

#include <cstddef>
#include <cstring>
#include <utility>

#include "base/utf8.h"
#include "wire/cyrus_sasl.h"
#include "wire/password_file.h"

namespace zklock::internal {

namespace {

// Of sasl/sasl.h.
constexpr int kOk = 0;
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

SaslLogin::~SaslLogin() { wipe(secret_); }

/// Otherwise it writes to the system's log, with each connection. libzookeeper logs its errors.
int SaslLogin::get_option(void* /*context*/, const char* /*plugin*/, const char* option,
                          const char** result, unsigned* length) noexcept {
  if (option == nullptr || result == nullptr || std::strcmp(option, kLogLevel) != 0) return kFail;
  *result = kLogNothing;
  if (length != nullptr) *length = 1;
  return kOk;
}

int SaslLogin::get_name(void* context, int /*id*/, const char** result, unsigned* length) noexcept {
  const std::string& user = static_cast<const SaslLogin*>(context)->options_.user;
  *result = user.c_str();
  if (length != nullptr) *length = static_cast<unsigned>(user.size());
  return kOk;
}

int SaslLogin::get_password(void* /*connection*/, void* context, int /*id*/,
                            void** secret) noexcept {
  try {
    auto& self = *static_cast<SaslLogin*>(context);
    if (!self.read_secret()) return kFail;
    *secret = self.secret_.data();
    return kOk;
  } catch (...) {
    return kNoMemory;
  }
}

void SaslLogin::wipe(Secret& secret) noexcept {
  if (secret.empty()) return;
  explicit_bzero(secret.data(), secret.size() * sizeof(Secret::value_type));
}

bool SaslLogin::read_secret() {
  Password password = read_password(options_.password_file);
  {
    const MutexLock lock(mutex_);
    file_problem_ = password.problem;
  }
  if (!password.problem.empty()) return false;
  const std::size_t size = password.text.size();
  Secret secret(1 + size / sizeof(Secret::value_type) + 1);
  secret[0] = size;
  std::memcpy(&secret[1], password.text.c_str(), size + 1);
  secret_.swap(secret);
  wipe(secret);
  internal::wipe(password.text);
  return true;
}

std::string SaslLogin::refusal(const std::string& negotiation) const {
  {
    const MutexLock lock(mutex_);
    if (!file_problem_.empty()) return "sasl.password_file: " + file_problem_;
  }
  const std::string user = in_quotes(options_.user) + " by SASL (" + kSaslMechanism + ")";
  if (!negotiation.empty()) return "logging in " + user + " failed: " + negotiation;
  return "the servers refuse to log in " + user +
         ": they do not know the user, or the password in " + in_quotes(options_.password_file) +
         " is wrong";
}

}  // namespace zklock::internal
