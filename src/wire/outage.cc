#include "wire/outage.h"

#include <chrono>
#include <utility>

namespace zklock::internal {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr minutes kPause{1};
constexpr int kMostOutagesInAMinute = 5;

std::string in_words(std::chrono::nanoseconds time) {
  const bool is_short = time < seconds(1);
  const bool is_long = time >= minutes(2);
  const std::chrono::nanoseconds unit = is_short  ? std::chrono::milliseconds(1)
                                        : is_long ? minutes(1)
                                                  : seconds(1);
  return std::to_string(time / unit) + (is_short ? " ms" : is_long ? " min" : " s");
}

}  // namespace

void Outage::begin(BootTime now) {
  if (outages_ == 0 || now - minute_ >= kPause) {
    minute_ = now;
    outages_ = 0;
  }
  is_going_on_ = true;
  is_quiet_ = ++outages_ > kMostOutagesInAMinute;
  is_lost_said_ = false;
  begun_ = now;
  said_ = now;
  attempts_ = 0;
}

std::string Outage::since_begun(BootTime now) const {
  std::string text = in_words(now - begun_);
  if (attempts_ > 0) text += ", " + std::to_string(attempts_) + " attempts";
  return text;
}

Outage::Line Outage::on_failure(BootTime now, Line failure) {
  if (!is_going_on_) {
    begin(now);
    if (!was_connected_) ++attempts_;  // else the connection broke
    if (is_quiet_) return {};
    return failure;
  }
  ++attempts_;
  if (now - said_ < kPause) return {};
  said_ = now;
  is_quiet_ = false;
  return Line{LogLevel::warning, "no connection to " + address_ + " for " + since_begun(now) +
                                     "; the last one: " + failure.text};
}

Outage::Line Outage::on_lost(BootTime now) {
  if (!is_going_on_) begin(now);
  if (is_quiet_ || std::exchange(is_lost_said_, true)) return {};
  return Line{LogLevel::warning, "lost the connection to " + address_};
}

Outage::Line Outage::on_connected(BootTime now) {
  was_connected_ = true;
  const bool is_over = std::exchange(is_going_on_, false);
  if (is_over && is_quiet_) return {};
  return Line{LogLevel::info,
              "connected to " + address_ + (is_over ? " after " + since_begun(now) : "")};
}

}  // namespace zklock::internal
