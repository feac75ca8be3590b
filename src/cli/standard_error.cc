#include "cli/standard_error.h"

#include <cstdio>
#include <string>

namespace zklock::cli {

void say(std::string_view line) {
  std::fputs(("zklock: " + std::string(line) + "\n").c_str(), stderr);
}

}  // namespace zklock::cli
