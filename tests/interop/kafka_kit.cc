#include "interop/kafka_kit.h"

#include <date/date.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <locale>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <utility>

namespace zklock::test {
namespace {

using nlohmann::json;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Since 1970; years 0 to 9999 do not fit into nanoseconds.
using GoTime = std::pair<seconds, nanoseconds>;

GoTime go_time(WallTime time) {
  const auto whole = std::chrono::floor<seconds>(time.time_since_epoch());
  return {whole, time.time_since_epoch() - whole};
}

/// Of a time.Time that was never set.
const GoTime kZeroTime{date::sys_days{date::year{1} / 1 / 1}.time_since_epoch(), nanoseconds(0)};

/// As Go's time.Parse with the layout RFC3339: the hour may have one digit, the fraction may follow
/// a comma.
std::optional<GoTime> parse_time(const std::string& text) {
  static const std::regex layout(
      R"((\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)([.,]\d+)?(Z|([+-])(\d\d):(\d\d)))");
  constexpr std::size_t kLongest = 100;  // regular expressions use up stack
  std::smatch match;
  if (text.size() > kLongest || !std::regex_match(text, match, layout)) return std::nullopt;
  const auto number = [&](std::size_t group) { return std::stoi(match[group]); };

  const date::year_month_day day(date::year(number(1)),
                                 date::month(static_cast<unsigned>(number(2))),
                                 date::day(static_cast<unsigned>(number(3))));
  if (!day.ok() || number(4) > 23 || number(5) > 59 || number(6) > 59) return std::nullopt;
  seconds time = date::sys_days(day).time_since_epoch() + std::chrono::hours(number(4)) +
                 minutes(number(5)) + seconds(number(6));
  if (match[9].matched) {
    if (number(10) > 24 || number(11) > 60) return std::nullopt;
    const minutes offset(number(10) * 60 + number(11));
    time -= match[9] == "+" ? offset : -offset;
  }
  std::string fraction = match[7].matched ? match[7].str().substr(1) : "";
  fraction.resize(9, '0');
  return GoTime{time, nanoseconds(std::stoll(fraction))};
}

/// kafka-kit's struct.
struct Claim {
  GoTime timestamp = kZeroTime;
  GoTime ttl_deadline = kZeroTime;

  /// One member of the object. False: not of that type.
  bool take(const std::string& key, const json& value) {
    if (key == "timestamp") return take_time(value, timestamp);
    if (key == "ttl_deadline") return take_time(value, ttl_deadline);
    if (key == "owner_id") return value.is_string() || value.is_null();
    return true;
  }

 private:
  static bool take_time(const json& value, GoTime& time) {
    if (value.is_null()) return true;  // stays as it is
    if (!value.is_string()) return false;
    const std::optional<GoTime> parsed = parse_time(value.get<std::string>());
    if (parsed) time = *parsed;
    return parsed.has_value();
  }
};

std::string lower_case(std::string text) {
  const std::ctype<char>& type = std::use_facet<std::ctype<char>>(std::locale::classic());
  type.tolower(text.data(), text.data() + text.size());
  return text;
}

/// The same text to a parser that, other than Go's, skips a byte order mark, ends at a NUL, and
/// refuses strings that are not UTF-8.
std::string as_go_sees_it(std::string_view data) {
  std::string text(data);
  for (char& c : text) {
    if (c == '\0') c = '\1';                             // nowhere allowed
    if (static_cast<unsigned char>(c) >= 0x80) c = '?';  // allowed within strings
  }
  return text;
}

/// json.Unmarshal. It goes through the members as they come, so of a key that comes twice the last
/// one counts. None: an error.
std::optional<Claim> unmarshal(std::string_view data) {
  constexpr int kMaxDepth = 10'000;
  Claim claim;
  bool is_valid = true;
  std::string key;
  const auto on_event = [&](int depth, json::parse_event_t event, json& parsed) {
    if (depth >= kMaxDepth) is_valid = false;
    if (depth != 1) return true;
    if (event == json::parse_event_t::key) {
      key = lower_case(parsed.get<std::string>());
    } else if (event == json::parse_event_t::value || event == json::parse_event_t::object_end ||
               event == json::parse_event_t::array_end) {
      is_valid = claim.take(key, parsed) && is_valid;
    }
    return true;
  };
  const json document = json::parse(as_go_sees_it(data), on_event, false);
  if (!is_valid || !(document.is_object() || document.is_null())) return std::nullopt;
  return claim;
}

std::string to_go(WallTime time, minutes offset) {
  const auto local = date::sys_time<nanoseconds>((time + offset).time_since_epoch());
  std::string text = date::format(std::locale::classic(), "%FT%T", local);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  if (offset == minutes(0)) return text + "Z";
  return text + (offset < minutes(0) ? "-" : "+") + date::format("%H:%M", std::chrono::abs(offset));
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Verdict verdict) {
  switch (verdict) {
    case Verdict::waits:
      return out << "waits";
    case Verdict::purges:
      return out << "purges";
    case Verdict::fails:
      break;
  }
  return out << "fails";
}

Verdict judge(std::string_view data, WallTime now) {
  const std::optional<Claim> claim = unmarshal(data);
  if (!claim) return Verdict::fails;
  return go_time(now) > claim->ttl_deadline ? Verdict::purges : Verdict::waits;
}

std::optional<std::int64_t> kafka_kit_number(std::string_view name) {
  name.remove_prefix(name.rfind('-') + 1);  // none: npos + 1 is 0
  if (!name.empty() && name.front() == '+') name.remove_prefix(1);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return number;
}

std::map<std::int64_t, std::string> kafka_kit_queue(const std::vector<std::string>& names) {
  std::map<std::int64_t, std::string> queue;
  for (const std::string& name : names) {
    if (const auto number = kafka_kit_number(name)) queue[*number] = name;
  }
  return queue;
}

std::string kafka_kit_data(WallTime timestamp, WallTime deadline, const std::string& owner,
                           minutes offset) {
  std::string owner_id = json(owner).dump();
  for (const auto& [plain, escaped] :
       {std::pair{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}}) {
    for (std::size_t at = 0; (at = owner_id.find(plain, at)) != std::string::npos;) {
      owner_id.replace(at, 1, escaped);
    }
  }
  return R"({"timestamp":")" + to_go(timestamp, offset) + R"(","ttl_deadline":")" +
         to_go(deadline, offset) + R"(","owner_id":)" + owner_id + "}";
}

}  // namespace zklock::test
