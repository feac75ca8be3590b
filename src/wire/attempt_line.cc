#include "wire/attempt_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace zklock::internal {

namespace {

// Of libzookeeper 3.8 and 3.9:
//   "...: Socket [127.0.0.1:2181] zk retcode=-4, errno=111(Connection refused): ..."
//   "...: initiated connection to server [127.0.0.1:2181]"
//   "...: Delaying connection after exhaustively trying all servers [...]"
//   "...: Exceeded deadline by 834ms"
//   "...:ZOO_ERROR@init_ssl_for_socket@2787: Failed to load client private key from ..."
//   "...:ZOO_ERROR@_zsasl_fail@148: SASL authentication failed. rc=-1"
//   "...:ZOO_ERROR@zoo_sasl_client_step@345: During SASL negotiation: generic failure ..."
constexpr std::string_view kFailed = ": Socket ";
constexpr std::string_view kCode = " zk retcode=";
constexpr std::string_view kError = ", errno=";
constexpr std::string_view kAccepted = "nitiated connection to server ";
constexpr std::string_view kPausing = ": Delaying connection after ";
constexpr std::string_view kLate = ": Exceeded deadline by ";
constexpr std::array<std::string_view, 3> kStuck{
    ": Failed to load CA file ", ": Failed to load client ", ": SSL_CTX_check_private_key failed"};

constexpr std::string_view kRefused = " SASL negotiation: ";
constexpr std::string_view kBroken = ": SASL authentication failed. rc=";

constexpr int kSessionExpired = -112;  // an event, and no failure to connect
constexpr int kTlsFailed = -15;

/// What stands behind `mark`; none if it is not there.
std::optional<std::string_view> behind(std::string_view mark, std::string_view text) noexcept {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  return text.substr(at + mark.size());
}

std::optional<int> number_behind(std::string_view mark, std::string_view text) noexcept {
  const std::optional<std::string_view> rest = behind(mark, text);
  int number = 0;
  if (!rest ||
      std::from_chars(rest->data(), rest->data() + rest->size(), number).ec != std::errc()) {
    return std::nullopt;
  }
  return number;
}

std::string_view without_brackets(std::string_view text) noexcept {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return text;
  return text.substr(1, text.size() - 2);
}

AttemptLine parse_failure(std::string_view text) noexcept {
  const std::optional<int> code = number_behind(kCode, text);
  const std::optional<int> error = number_behind(kError, text);
  if (!code || !error || *code == kSessionExpired) return {};
  return {AttemptLine::Kind::failed, without_brackets(text.substr(0, text.find(kCode))), *error,
          *code == kTlsFailed};
}

}  // namespace

AttemptLine parse_attempt_line(std::string_view line) noexcept {
  if (const auto text = behind(kFailed, line)) return parse_failure(*text);
  if (const auto server = behind(kAccepted, line)) {
    return {AttemptLine::Kind::accepted, without_brackets(*server)};
  }
  if (behind(kPausing, line)) return {AttemptLine::Kind::pausing};
  if (behind(kLate, line)) return {AttemptLine::Kind::late};
  const bool is_stuck = std::any_of(kStuck.begin(), kStuck.end(), [&](std::string_view mark) {
    return behind(mark, line).has_value();
  });
  if (is_stuck) return {AttemptLine::Kind::stuck};
  if (const auto why = behind(kRefused, line)) {
    return {.kind = AttemptLine::Kind::refused, .why = *why};
  }
  if (behind(kBroken, line)) return {AttemptLine::Kind::broken};
  return {};
}

}  // namespace zklock::internal
