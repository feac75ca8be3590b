#include "lock/check_margin.h"

#include <zklock/error.h>

#include <algorithm>
#include <string>

namespace zklock::internal {

namespace {

/// A healthy session may have no more left than this part of its timeout: evidence takes 0.3 T
/// to come, and is renewed each T/3.
constexpr int kPartOfTimeout = 4;

[[noreturn]] void refuse(std::chrono::milliseconds margin, const char* why,
                         std::chrono::milliseconds limit, const char* remedy) {
  std::string text = "a margin of ";
  text.append(std::to_string(margin.count())).append(" ms ").append(why);
  text.append(std::to_string(limit.count())).append(" ms: use ").append(remedy);
  throw LockError(Errc::invalid_config, text);
}

}  // namespace

void check_margin(std::chrono::milliseconds margin, std::chrono::milliseconds ttl,
                  const Session* session) {
  constexpr std::chrono::milliseconds kZero{0};
  if (margin < kZero) refuse(margin, "is negative, and must be at least ", kZero, "a larger one");
  if (ttl > kZero && margin >= ttl) {
    refuse(margin, "must be below the TTL of ", ttl, "a smaller margin or a longer TTL");
  }
  if (session == nullptr || margin == kZero) return;
  const std::chrono::milliseconds timeout = session->timeout();
  if (margin < timeout / kPartOfTimeout) return;
  refuse(margin, "must be below a quarter of the session timeout, which is ", timeout,
         "a smaller margin or a longer session timeout");
}

std::chrono::milliseconds longest_margin(std::chrono::milliseconds ttl,
                                         const Session* session) noexcept {
  auto limit = std::chrono::milliseconds::max();
  if (ttl.count() > 0) limit = ttl;
  if (session != nullptr) limit = std::min(limit, session->timeout() / kPartOfTimeout);
  return limit - std::chrono::milliseconds(1);
}

}  // namespace zklock::internal
