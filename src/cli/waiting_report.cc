#include "cli/waiting_report.h"

#include <zklock/error.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <utility>

#include "cli/pause.h"
#include "cli/queue_changes.h"
#include "cli/queue_report.h"
#include "cli/standard_error.h"

namespace zklock::cli {
namespace {

using namespace std::chrono_literals;

/// A lock that comes sooner is not worth a line.
constexpr std::chrono::milliseconds kShortWait = 500ms;

std::string host() {
  std::array<char, 256> name{};
  ::gethostname(name.data(), name.size() - 1);
  return name.data();
}

std::size_t columns() {
  winsize size{};
  const bool is_known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return is_known ? size.ws_col : 80;
}

/// How many are ahead of this process.
std::size_t claims_ahead(const LockEntries& queue) {
  const auto is_ours = [its_host = host(), pid = ::getpid()](const LockEntry& entry) {
    return entry.pid == pid && entry.host == its_host;
  };
  return static_cast<std::size_t>(
      std::distance(queue.begin(), std::find_if(queue.begin(), queue.end(), is_ours)));
}

}  // namespace

std::string describe_wait(const std::string& path, const LockEntries& queue) {
  const std::size_t ahead = claims_ahead(queue);
  return path + " is held by " + describe(*queue.begin(), now()) +
         (ahead > 1 ? "; " + std::to_string(ahead) + " are ahead" : "");
}

WaitingReport::WaitingReport(std::string path, const CommandSession& session)
    : path_(std::move(path)),
      session_(session),
      is_terminal_(::isatty(STDERR_FILENO) != 0),
      thread_([this](const std::stop_token& stop) { follow(stop); }) {}

WaitingReport::~WaitingReport() {
  thread_.request_stop();
  thread_.join();
  if (is_terminal_) show_line("");
}

void WaitingReport::follow(const std::stop_token& stop) {
  const CommandSession session{.client = session_.client,
                               .context = session_.context.with_stop_token(stop),
                               .answer_timeout = session_.answer_timeout,
                               .claim_markers = session_.claim_markers};
  QueueChanges changes(path_, session);
  std::chrono::milliseconds time = kShortWait;
  while (pause(time, stop)) {
    try {
      const LockEntries queue = changes.look();
      show(queue);
      time = 1s * std::max<std::size_t>(1, queue.size());
      if (!changes.wait(stop)) return;
    } catch (const LockError&) {
      // The servers are away, or do not let us look. `lock` itself reports what matters.
      if (is_terminal_ && !stop.stop_requested()) show_line("waiting for an answer of the servers");
      time = 5s;
    }
  }
}

void WaitingReport::show(const LockEntries& queue) {
  if (queue.empty() || claims_ahead(queue) == 0) return;
  const std::string text = "waiting: " + describe_wait(path_, queue);
  if (is_terminal_) {
    show_line(text);
  } else if (std::exchange(shown_, queue.begin()->path) != queue.begin()->path) {
    say(text);
  }
}

/// In place of the line before, and not longer than one.
void WaitingReport::show_line(const std::string& text) {
  if (text.empty() && shown_.empty()) return;
  shown_ = text.empty() ? "" : ("zklock: " + text).substr(0, columns() - 1);
  constexpr const char* kClearLine = "\r\033[K";
  std::fputs((kClearLine + shown_).c_str(), stderr);
}

}  // namespace zklock::cli
