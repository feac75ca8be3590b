// Starts a program while it is connected: the program must inherit no descriptor of the connection.
//
//   heir <address>            connects, starts itself as below, and exits as that does
//   heir inherits <link>...   exit status 0: no descriptor refers to anything but these links
//
// Standard error names what is inherited.
#include <dirent.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/libzookeeper_client.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace {

/// "socket:[1234]" and the like, of the descriptors that a program would inherit now.
std::vector<std::string> inherited() {
  std::vector<std::string> links;
  DIR* const directory = ::opendir("/proc/self/fd");
  while (const dirent* const entry = ::readdir(directory)) {
    const int number = std::atoi(entry->d_name);
    if (entry->d_name[0] == '.' || (::fcntl(number, F_GETFD) & FD_CLOEXEC) != 0) continue;
    std::array<char, 256> link{};
    const std::string path = std::string("/proc/self/fd/") + entry->d_name;
    if (::readlink(path.c_str(), link.data(), link.size() - 1) > 0) links.emplace_back(link.data());
  }
  ::closedir(directory);
  return links;
}

int check(const std::vector<std::string>& known) {
  int status = 0;
  for (const std::string& link : inherited()) {
    if (std::find(known.begin(), known.end(), link) != known.end()) continue;
    std::fprintf(stderr, "inherited: %s\n", link.c_str());
    status = 1;
  }
  return status;
}

int start_heir(const std::string& program, const std::vector<std::string>& known) {
  std::vector<std::string> arguments{program, "inherits"};
  arguments.insert(arguments.end(), known.begin(), known.end());
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    ::execv(pointers[0], pointers.data());
    ::_exit(127);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 126;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  try {
    if (!arguments.empty() && arguments[0] == "inherits") return check(arguments);
    if (arguments.size() != 1) return 2;
    const std::vector<std::string> before = inherited();
    const auto first = zklock::connect(arguments[0]);
    const auto second = zklock::connect(arguments[0]);
    return start_heir(argv[0], before);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 3;
  }
}
