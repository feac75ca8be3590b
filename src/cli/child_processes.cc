#include "cli/child_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>

#include "cli/file_descriptor.h"

namespace zklock::cli {
namespace {

struct Kinship {
  pid_t parent = 0;
  pid_t group = 0;
};

/// None: there is no such process any more.
std::optional<Kinship> kinship_of(pid_t process) noexcept {
  std::array<char, 64> path{};
  std::snprintf(path.data(), path.size(), "/proc/%d/stat", process);
  const FileDescriptor file(::open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};  // what is looked for is in front
  if (file.get() < 0 || ::read(file.get(), text.data(), text.size() - 1) <= 0) return std::nullopt;
  const char* const after_name = std::strrchr(text.data(), ')');  // a name may have anything in it
  if (after_name == nullptr) return std::nullopt;
  Kinship kinship;
  char state = 0;
  if (std::sscanf(after_name + 1, " %c %d %d", &state, &kinship.parent, &kinship.group) != 3) {
    return std::nullopt;
  }
  return kinship;
}

std::optional<pid_t> number_of(std::string_view name) noexcept {
  pid_t number = 0;
  const auto [rest, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || rest != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

void adopt_orphans() noexcept { ::prctl(PR_SET_CHILD_SUBREAPER, 1UL, 0UL, 0UL, 0UL); }

std::vector<ChildProcess> child_processes() {
  std::vector<ChildProcess> children;
  DIR* const proc = ::opendir("/proc");
  if (proc == nullptr) return children;
  const pid_t self = ::getpid();
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else has this directory
  while (const dirent* const entry = ::readdir(proc)) {
    const std::optional<pid_t> process = number_of(&entry->d_name[0]);
    if (!process) continue;
    const std::optional<Kinship> kinship = kinship_of(*process);
    if (kinship && kinship->parent == self) children.push_back({*process, kinship->group});
  }
  ::closedir(proc);
  return children;
}

void kill_children_except(const std::vector<ChildProcess>& spared) {
  for (;;) {
    std::vector<ChildProcess> children = child_processes();
    std::erase_if(children, [&spared](const ChildProcess& child) {
      return std::any_of(spared.begin(), spared.end(), [&child](const ChildProcess& one) {
        return one.process == child.process;
      });
    });
    if (children.empty()) return;
    for (const ChildProcess& child : children) ::kill(child.process, SIGKILL);
    for (const ChildProcess& child : children) ::waitpid(child.process, nullptr, 0);
  }
}

}  // namespace zklock::cli
