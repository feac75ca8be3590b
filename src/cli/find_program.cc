#include "cli/find_program.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <sstream>

namespace zklock::cli {
namespace {

int try_program(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return errno;
  return S_ISREG(file.st_mode) && ::access(path.c_str(), X_OK) == 0 ? 0 : EACCES;
}

}  // namespace

int find_program(const std::string& name) {
  if (name.empty()) return ENOENT;
  if (name.find('/') != std::string::npos) return try_program(name);
  // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread
  const char* const variable = std::getenv("PATH");
  // getline does not see that nothing follows the last colon.
  std::istringstream directories(variable == nullptr ? "/bin:/usr/bin"
                                                     : std::string(variable) + ":");
  int problem = ENOENT;
  for (std::string directory; std::getline(directories, directory, ':');) {
    const int found = try_program((directory.empty() ? "." : directory) + '/' + name);
    if (found == 0) return 0;
    if (found == EACCES) problem = EACCES;  // as execvp: another one may do
  }
  return problem;
}

}  // namespace zklock::cli
