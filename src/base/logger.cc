#include <unistd.h>
#include <zklock/logger.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>

#include "base/log.h"
#include "base/platform.h"
#include "base/utf8.h"

namespace zklock {

namespace {

const char* name_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::debug:
      return "debug";
    case LogLevel::info:
      return "info";
    case LogLevel::warning:
      return "warning";
    case LogLevel::error:
      return "error";
  }
  return "log";
}

std::string local_time() {
  const auto now = std::chrono::floor<std::chrono::seconds>(
      internal::Platform::current().wall_now().time_since_epoch());
  const auto seconds = static_cast<std::time_t>(now.count());
  std::tm fields{};
  std::array<char, 64> text{};
  if (localtime_r(&seconds, &fields) == nullptr) return "(unknown time)";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y/%m/%d %H:%M:%S", &fields)};
}

class StderrLogger final : public Logger {
 public:
  explicit StderrLogger(LogLevel at_least) noexcept : at_least_(at_least) {}

  void log(LogLevel level, std::string_view message) override {
    if (level < at_least_) return;
    std::string line = local_time() + " zklock " + name_of(level) + ": ";
    const std::size_t start = line.size();
    line += message;
    // Messages contain names of znodes and answers of servers: these must not start a new line or
    // control the terminal.
    std::replace_if(
        line.begin() + static_cast<std::ptrdiff_t>(start), line.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    line += '\n';
    // Usually one call: lines of different threads do not mix. Not through stdio: a thread that is
    // stuck because nobody reads would keep the stream locked, and so the end of the process.
    const char* rest = line.data();
    const char* const end = rest + line.size();
    while (rest < end) {
      const ssize_t written = ::write(STDERR_FILENO, rest, static_cast<std::size_t>(end - rest));
      if (written < 0 && errno != EINTR) return;  // there is nowhere to report this
      if (written > 0) rest += written;
    }
  }

 private:
  const LogLevel at_least_;
};

}  // namespace

/// As much as the claim has of it.
constexpr std::size_t kLongestTrace = 1'024;

std::string internal::with_trace(std::string line, std::string_view trace) {
  if (trace.empty()) return line;
  return line.append(" (trace ").append(printable(trace.substr(0, kLongestTrace))).append(")");
}

Logger::~Logger() = default;

std::shared_ptr<Logger> stderr_logger(LogLevel at_least) {
  return std::make_shared<StderrLogger>(at_least);
}

}  // namespace zklock
