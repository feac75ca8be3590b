#include "journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace zklock::chaos {
namespace {

constexpr std::array<std::string_view, 20> kNames{
    "begun",    "ended", "granted", "valid",   "invalid", "suspended", "resumed",
    "lost",     "stood", "written", "refused", "busy",    "committed", "not_committed",
    "in_doubt", "fault", "healed",  "frozen",  "thawed",  "killed"};

/// A word for what may be empty.
std::string word(const std::string& text) { return text.empty() ? "-" : text; }

}  // namespace

std::int64_t boot_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string to_line(const Event& event) {
  std::ostringstream line;
  line << event.at << ' ' << word(event.who) << ' '
       << kNames.at(static_cast<std::size_t>(event.kind)) << ' ' << word(event.path) << ' '
       << event.token << ' ' << event.until << ' ' << event.error << ' ' << event.detail;
  return std::move(line).str();
}

std::optional<Event> parse_line(std::string_view line) {
  std::istringstream words{std::string(line)};
  Event event;
  std::string kind;
  words >> event.at >> event.who >> kind >> event.path >> event.token >> event.until >> event.error;
  const auto name = std::find(kNames.begin(), kNames.end(), kind);
  if (!words || words.get() != ' ' || name == kNames.end()) return std::nullopt;
  event.kind = static_cast<Event::Kind>(name - kNames.begin());
  if (event.who == "-") event.who.clear();
  if (event.path == "-") event.path.clear();
  std::getline(words, event.detail);
  return event;
}

Journal::Journal(const std::filesystem::path& file)
    : file_(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644),
            "open " + file.string()) {}

void Journal::record(Event event) const {
  if (event.at == 0) event.at = boot_now();
  // One write: lines of different threads do not mix.
  const std::string line = to_line(event) + '\n';
  if (::write(file_.get(), line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    throw std::system_error(errno, std::generic_category(), "write of a journal");
  }
}

std::vector<Event> read_journals(const std::filesystem::path& directory) {
  std::vector<Event> events;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".journal") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      std::optional<Event> event = parse_line(line);
      if (event) {
        events.push_back(*std::move(event));
      } else if (!file.eof()) {
        throw std::runtime_error(entry.path().string() + " has a line that is none: " + line);
      }
    }
  }
  std::stable_sort(events.begin(), events.end(),
                   [](const Event& a, const Event& b) { return a.at < b.at; });
  return events;
}

}  // namespace zklock::chaos
