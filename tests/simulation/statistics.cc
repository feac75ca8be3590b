#include "statistics.h"

#include <array>
#include <cstdio>

namespace zklock::simulation {

namespace {

constexpr std::array kToBeReached{"is granted"};

}  // namespace

void Statistics::print() const {
  for (const auto& [what, count] : counts_) {
    std::printf("%12llu  %s\n", static_cast<unsigned long long>(count), what.c_str());
  }
}

std::vector<std::string> Statistics::never_reached() const {
  std::vector<std::string> missing;
  for (const char* const state : kToBeReached) {
    if (of(state) == 0) missing.emplace_back(state);
  }
  return missing;
}

}  // namespace zklock::simulation
