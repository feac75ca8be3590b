#include <zklock/context.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <utility>

#include "base/platform.h"

namespace zklock {

namespace {

using std::chrono::nanoseconds;

/// `a - b`, which does not overflow. "Never" and "long ago" stay unchanged.
nanoseconds saturated_difference(nanoseconds a, nanoseconds b) noexcept {
  if (a == nanoseconds::max() || a == nanoseconds::min()) return a;
  if (b.count() < 0 && a > nanoseconds::max() + b) return nanoseconds::max();
  if (b.count() > 0 && a < nanoseconds::min() + b) return nanoseconds::min();
  return a - b;
}

}  // namespace

struct Context::Values {
  std::map<std::string, std::string, std::less<>> by_key;
};

Context Context::with_value(std::string key, std::string value) const {
  auto values = values_ ? std::make_shared<Values>(*values_) : std::make_shared<Values>();
  values->by_key.insert_or_assign(std::move(key), std::move(value));
  Context result = *this;
  result.values_ = std::move(values);
  return result;
}

Context Context::with_stop_token(std::stop_token token) const {
  Context result = *this;
  if (!token.stop_possible()) return result;  // it is never stopped
  auto tokens = stop_tokens_ ? std::make_shared<std::vector<std::stop_token>>(*stop_tokens_)
                             : std::make_shared<std::vector<std::stop_token>>();
  tokens->push_back(std::move(token));
  result.stop_tokens_ = std::move(tokens);
  return result;
}

Context Context::without_waiting() const {
  Context result = *this;
  result.may_wait_ = false;
  return result;
}

bool Context::expired() const noexcept {
  return deadline_ && internal::Platform::current().steady_now() >= *deadline_;
}

bool Context::canceled() const noexcept {
  return stop_tokens_ &&
         std::any_of(stop_tokens_->begin(), stop_tokens_->end(),
                     [](const std::stop_token& token) { return token.stop_requested(); });
}

std::optional<std::string> Context::value(std::string_view key) const {
  if (!values_) return std::nullopt;
  const auto found = values_->by_key.find(key);
  if (found == values_->by_key.end()) return std::nullopt;
  return found->second;
}

const std::vector<std::stop_token>& Context::stop_tokens() const noexcept {
  // Never destroyed: the background threads may still ask when main() has ended.
  static const auto* const kNone = new std::vector<std::stop_token>();
  return stop_tokens_ ? *stop_tokens_ : *kNone;
}

Context Context::with_steady_deadline(std::chrono::steady_clock::time_point deadline) const {
  Context result = *this;
  result.deadline_ = deadline_ ? std::min(*deadline_, deadline) : deadline;
  return result;
}

Context Context::with_wall_deadline(nanoseconds since_epoch) const {
  return with_remaining(since_epoch, internal::Platform::current().wall_now().time_since_epoch());
}

Context Context::with_remaining(nanoseconds at, nanoseconds now) const {
  const nanoseconds remaining = saturated_difference(at, now);
  using SteadyTime = std::chrono::steady_clock::time_point;
  if (remaining == nanoseconds::max()) return with_steady_deadline(SteadyTime::max());
  if (remaining == nanoseconds::min()) return with_steady_deadline(SteadyTime::min());
  return with_steady_deadline(
      internal::saturated_sum(internal::Platform::current().steady_now(), remaining));
}

}  // namespace zklock
