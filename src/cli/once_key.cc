#include "cli/once_key.h"

#include <time.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <stdexcept>

namespace zklock::cli {

std::string expand_key(const std::string& key, std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm fields{};
  gmtime_r(&seconds, &fields);
  const auto format = [&fields](const char* how) {
    std::array<char, 32> text{};
    return std::string(text.data(), std::strftime(text.data(), text.size(), how, &fields));
  };
  std::string expanded;
  std::size_t end = 0;
  for (std::size_t open = 0; (open = key.find('{', end)) != std::string::npos;) {
    expanded.append(key, end, open - end);
    end = std::min(key.find('}', open), key.size() - 1) + 1;
    const std::string name = key.substr(open, end - open);
    if (name == "{date}") {
      expanded += format("%Y-%m-%d");
    } else if (name == "{hour}") {
      expanded += format("%Y-%m-%dT%H");
    } else {
      throw std::invalid_argument("--once: " + name + " is neither {date} nor {hour}");
    }
  }
  return expanded.append(key, end);
}

}  // namespace zklock::cli
