#include "progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>

namespace zklock::simulation {
namespace {

std::string with_commas(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, ",");
  return text;
}

/// "45 s", "3:07 min", "2:05 h".
std::string describe_time(std::uint64_t seconds) {
  const auto two = [](std::uint64_t number) {
    return (number < 10 ? "0" : "") + std::to_string(number);
  };
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3'600) {
    return std::to_string(seconds / 60) + ":" + two(seconds % 60) + " min";
  }
  return std::to_string(seconds / 3'600) + ":" + two(seconds / 60 % 60) + " h";
}

}  // namespace

std::string describe_progress(std::uint64_t done, std::uint64_t all,
                              std::chrono::duration<double> elapsed) {
  const double rate = static_cast<double>(done) / std::max(elapsed.count(), 1e-9);
  const double left = static_cast<double>(all - done) / std::max(rate, 1e-9);
  return with_commas(done) + " of " + with_commas(all) + " schedules, " +
         with_commas(static_cast<std::uint64_t>(rate)) + " a second, " +
         describe_time(static_cast<std::uint64_t>(std::min(left, 1e9))) + " left";
}

Progress::Progress(std::uint64_t all, std::chrono::duration<double> interval)
    : all_(all),
      is_terminal_(::isatty(STDERR_FILENO) == 1),
      interval_(is_terminal_ ? std::min(interval, std::chrono::duration<double>(0.5)) : interval),
      begun_(Clock::now()),
      reported_(begun_) {}

Progress::~Progress() {
  if (is_terminal_ && has_reported_) std::fputs("\r\033[K", stderr);
}

void Progress::set_done(std::uint64_t done) {
  if (interval_ <= interval_.zero() || done >= all_) return;
  const auto now = Clock::now();
  if (now - reported_ < interval_) return;
  reported_ = now;
  has_reported_ = true;
  const std::string text = describe_progress(done, all_, now - begun_);
  std::fprintf(stderr, is_terminal_ ? "\r%s\033[K" : "%s\n", text.c_str());
}

}  // namespace zklock::simulation
