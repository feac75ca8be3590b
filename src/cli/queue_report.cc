#include "cli/queue_report.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace zklock::cli {
namespace {

using std::chrono::milliseconds;

std::string format_time(Now time, const char* format, bool is_utc) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm fields{};
  if (is_utc) {
    gmtime_r(&seconds, &fields);
  } else {
    localtime_r(&seconds, &fields);
  }
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), format, &fields);
  return {text.data(), length};
}

std::string local_time(Now time) { return format_time(time, "%Y-%m-%d %H:%M:%S", false); }
std::string utc(Now time) { return format_time(time, "%Y-%m-%dT%H:%M:%SZ", true); }

/// The two largest units: "1h5m", "2m10s", "12s".
std::string short_duration(milliseconds duration) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(duration).count();
  const std::array<std::pair<std::int64_t, const char*>, 4> units = {{{seconds / 86'400, "d"},
                                                                      {seconds / 3600 % 24, "h"},
                                                                      {seconds / 60 % 60, "m"},
                                                                      {seconds % 60, "s"}}};
  std::string text;
  std::size_t i = 0;
  while (i + 1 < units.size() && units[i].first == 0) ++i;
  for (const std::size_t end = std::min(i + 2, units.size()); i < end; ++i) {
    if (units[i].first != 0 || text.empty())
      text += std::to_string(units[i].first) + units[i].second;
  }
  return text;
}

/// By the clocks of the holder's machine and of this one: for information only.
std::optional<milliseconds> ttl_left(const LockEntry& holder, Now now) {
  if (holder.ttl == milliseconds(0) || holder.since == Now()) return std::nullopt;
  if (holder.since < Now()) return milliseconds(0);  // before 1970: the difference may overflow
  const auto left = holder.ttl - std::chrono::floor<milliseconds>(now - holder.since);
  return std::clamp(left, milliseconds(0), holder.ttl);
}

std::string hex(std::int64_t session) {
  std::array<char, 24> text{};
  std::snprintf(text.data(), text.size(), "0x%llx", static_cast<unsigned long long>(session));
  return text.data();
}

std::string name_of(const std::string& znode) { return znode.substr(znode.rfind('/') + 1); }

using Row = std::vector<std::string>;

Row row_of(const LockEntry& entry, std::size_t position, Now now) {
  const auto left = position == 0 ? ttl_left(entry, now) : std::nullopt;
  const auto known = [](std::string text) {
    return text.empty() ? "-" : printable(std::move(text));
  };
  return {position == 0 ? "holds" : std::to_string(position),
          known(entry.owner),
          known(entry.host),
          entry.pid == 0 ? "-" : std::to_string(entry.pid),
          entry.since == Now() ? "-" : local_time(entry.since),
          left ? short_duration(*left) : "-",
          std::to_string(entry.fencing_token),
          hex(entry.session),
          printable(name_of(entry.path))};
}

std::string align(const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const Row& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      text += row[i] + std::string(widths[i] - row[i].size() + 2, ' ');
    }
    text += row.back() + "\n";
  }
  return text;
}

nlohmann::ordered_json json_or_null(bool is_known, nlohmann::ordered_json value) {
  return is_known ? std::move(value) : nlohmann::ordered_json();
}

nlohmann::ordered_json object_of(const std::string& path, const LockEntry& entry,
                                 std::size_t position, Now now) {
  nlohmann::ordered_json object;
  object["path"] = path;
  object["znode"] = entry.path;
  object["position"] = position;
  object["holds"] = position == 0;
  object["owner"] = entry.owner;
  object["host"] = entry.host;
  object["pid"] = entry.pid;
  object["since"] = json_or_null(entry.since != Now(), utc(entry.since));
  object["ttl_ms"] = json_or_null(entry.ttl != milliseconds(0), entry.ttl.count());
  const auto left = position == 0 ? ttl_left(entry, now) : std::nullopt;
  object["ttl_left_ms"] = json_or_null(left.has_value(), left.value_or(milliseconds(0)).count());
  object["fencing_token"] = entry.fencing_token;
  object["session"] = hex(entry.session);
  object["trace"] = entry.trace;
  return object;
}

}  // namespace

std::string printable(std::string text) {
  char before = '\0';
  for (char& character : text) {
    const auto byte = static_cast<unsigned char>(character);
    const bool is_c1 = before == '\xc2' && byte >= 0x80 && byte < 0xa0;
    before = character;
    if (byte < 0x20 || byte == 0x7f || is_c1) character = '?';
  }
  return text;
}

std::string describe(const LockEntry& claim, Now now) {
  std::string text = claim.owner.empty() ? "somebody" : printable(claim.owner);
  if (!claim.host.empty()) text += " on " + printable(claim.host);
  if (claim.pid != 0) text += " (pid " + std::to_string(claim.pid) + ")";
  if (claim.since != Now()) text += " since " + local_time(claim.since);
  if (const auto left = ttl_left(claim, now)) {
    text += ", " + short_duration(*left) + " of " + short_duration(claim.ttl) + " left";
  }
  return text;
}

std::string describe_holder(const LockEntries& queue, Now now) {
  const std::size_t waiting = queue.size() - 1;
  return describe(*queue.begin(), now) +
         (waiting == 0 ? "" : "; " + std::to_string(waiting) + " waiting");
}

std::string to_table(const Queue& queue, Now now) {
  if (queue.entries.empty()) return queue.path + ": free\n";
  const std::size_t waiting = queue.entries.size() - 1;
  std::vector<Row> rows = {
      {"", "OWNER", "HOST", "PID", "SINCE", "TTL LEFT", "TOKEN", "SESSION", "ZNODE"}};
  std::size_t position = 0;
  for (const LockEntry& entry : queue.entries) rows.push_back(row_of(entry, position++, now));
  return queue.path + ": held" + (waiting == 0 ? "" : ", " + std::to_string(waiting) + " waiting") +
         "\n" + align(rows);
}

std::string to_json(const std::vector<Queue>& queues, Now now) {
  nlohmann::ordered_json array = nlohmann::ordered_json::array();
  for (const Queue& queue : queues) {
    std::size_t position = 0;
    for (const LockEntry& entry : queue.entries) {
      array.push_back(object_of(queue.path, entry, position++, now));
    }
  }
  // Others may have written what is not UTF-8.
  return array.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

std::string render(const std::vector<Queue>& queues, bool as_json) {
  if (as_json) return to_json(queues, now()) + "\n";
  std::string text;
  for (const Queue& queue : queues) text += (text.empty() ? "" : "\n") + to_table(queue, now());
  return text;
}

}  // namespace zklock::cli
