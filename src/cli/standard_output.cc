#include "cli/standard_output.h"

#include <cerrno>
#include <cstdio>

namespace zklock::cli {

void write_out(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0) {
    throw OutputError(errno, std::generic_category(), "cannot write to standard output");
  }
}

}  // namespace zklock::cli
