#include "queue/metadata.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/utf8.h"

namespace zklock::internal {

namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr std::size_t kMaxDataBytes = 65'536;
constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxTextBytes = 1024;
constexpr std::string_view kNoDeadline = "9999-12-31T23:59:59Z";
/// Go prints this for a nil owner.
constexpr std::string_view kNilOwner = "<nil>";
/// A kafka-kit without TTLs writes a deadline some nanoseconds after the timestamp. A shorter time
/// than this is not a TTL.
constexpr milliseconds kLeastTtl{1};

/// The TTL that these two times express, if any.
std::optional<nanoseconds> ttl_between(WallTime timestamp, WallTime deadline) noexcept {
  const nanoseconds from = timestamp.time_since_epoch();
  const nanoseconds to = deadline.time_since_epoch();
  if (from.count() < 0 && to > nanoseconds::max() + from) return std::nullopt;  // centuries
  if (from.count() > 0 && to < nanoseconds::min() + from) return std::nullopt;
  const nanoseconds ttl = to - from;
  if (ttl < kLeastTtl) return std::nullopt;
  return ttl;
}

/// Whether this can be a TTL: it does not overflow in nanoseconds.
bool is_ttl(milliseconds ttl) noexcept {
  return ttl >= kLeastTtl && ttl <= std::chrono::floor<milliseconds>(nanoseconds::max());
}

/// `text` as a JSON string, corrected and cut where necessary.
std::string json_string(std::string_view text) {
  // The characters to escape, and their letters. Other control characters are written as numbers.
  constexpr std::string_view kEscaped = "\"\\\b\f\n\r\t";
  constexpr std::string_view kLetters = "\"\\bfnrt";
  constexpr std::string_view kHexDigits = "0123456789abcdef";
  std::string json = "\"";
  for (const char c : valid_utf8(text, kMaxTextBytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (const std::size_t at = kEscaped.find(c); at != std::string_view::npos) {
      json += '\\';
      json += kLetters[at];
    } else if (byte < 0x20) {
      json += "\\u00";
      json += kHexDigits[byte >> 4U];
      json += kHexDigits[byte & 0x0fU];
    } else {
      json += c;
    }
  }
  return json + '"';
}

bool equal_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; });
}

/// Receives the parts of a JSON text one by one, and keeps the metadata. (Foreign data could make a
/// whole document costly in time and stack.) Returning false ends the parsing. Of one thread.
class Reader : public nlohmann::json_sax<nlohmann::json> {
 public:
  [[nodiscard]] Metadata result() && {
    Metadata metadata;
    metadata.timestamp = timestamp_.value_or(WallTime{});
    if (timestamp_ && ttl_deadline_ && ttl_between(*timestamp_, *ttl_deadline_)) {
      metadata.ttl_deadline = ttl_deadline_;
    }
    if (owner_ != kNilOwner) metadata.owner = valid_utf8(owner_, kMaxTextBytes);
    metadata.host = valid_utf8(ours_.host, kMaxTextBytes);
    metadata.pid = ours_.pid;
    metadata.trace = valid_utf8(ours_.trace, kMaxTextBytes);
    metadata.waiting = ours_.waiting;
    metadata.is_foreign = !has_ours_;
    if (ours_.waiting) metadata.ttl_once_granted = ours_.ttl;
    return metadata;
  }

  bool start_object(std::size_t /*elements*/) override {
    if (depth_ == 1) in_ours_ = field_ == Field::zklock;
    return enter();
  }
  bool end_object() override { return leave(); }
  bool start_array(std::size_t /*elements*/) override {
    if (depth_ == 0) return false;  // metadata is an object
    return enter();
  }
  bool end_array() override { return leave(); }

  bool key(std::string& name) override {
    if (depth_ == 1) {
      field_ = field_of_metadata(name);
    } else {
      field_ = in_ours_ && depth_ == 2 ? field_of_ours(name) : Field::unknown;
    }
    has_ours_ = has_ours_ || field_ == Field::zklock;
    forget(field_);  // a key that comes again replaces the earlier value, also by nothing
    return true;
  }

  bool string(std::string& value) override {
    if (field_ == Field::timestamp) {
      timestamp_ = parse_rfc3339(value);
    } else if (field_ == Field::ttl_deadline) {
      ttl_deadline_ = parse_rfc3339(value);
    } else if (field_ == Field::owner_id) {
      owner_ = std::move(value);
    } else if (field_ == Field::host) {
      ours_.host = std::move(value);
    } else if (field_ == Field::trace) {
      ours_.trace = std::move(value);
    }
    return depth_ > 0;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      const auto number = static_cast<std::int64_t>(value);
      if (field_ == Field::pid) ours_.pid = number;
      if (field_ == Field::ttl_ms && is_ttl(milliseconds(number))) ours_.ttl = milliseconds(number);
    }
    return depth_ > 0;
  }
  bool boolean(bool value) override {
    if (field_ == Field::waiting) ours_.waiting = value;
    return depth_ > 0;
  }
  // None of our fields is of these types.
  bool null() override { return depth_ > 0; }
  bool number_integer(number_integer_t /*negative*/) override { return depth_ > 0; }
  bool number_float(number_float_t /*value*/, const std::string& /*text*/) override {
    return depth_ > 0;
  }
  bool binary(binary_t& /*value*/) override { return false; }

  bool parse_error(std::size_t /*position*/, const std::string& /*last_token*/,
                   const nlohmann::detail::exception& /*error*/) override {
    return false;
  }

 private:
  enum class Field {
    unknown,
    timestamp,
    ttl_deadline,
    owner_id,
    zklock,
    host,
    pid,
    trace,
    waiting,
    ttl_ms
  };
  struct Ours {  // the object "zklock"
    std::string host;
    std::int64_t pid = 0;
    std::string trace;
    bool waiting = false;
    std::optional<milliseconds> ttl;
  };

  static Field field_of_metadata(std::string_view name) noexcept {
    if (equal_ignoring_case(name, "timestamp")) return Field::timestamp;
    if (equal_ignoring_case(name, "ttl_deadline")) return Field::ttl_deadline;
    if (equal_ignoring_case(name, "owner_id")) return Field::owner_id;
    if (equal_ignoring_case(name, "zklock")) return Field::zklock;
    return Field::unknown;
  }
  static Field field_of_ours(std::string_view name) noexcept {
    if (equal_ignoring_case(name, "host")) return Field::host;
    if (equal_ignoring_case(name, "pid")) return Field::pid;
    if (equal_ignoring_case(name, "trace")) return Field::trace;
    if (equal_ignoring_case(name, "waiting")) return Field::waiting;
    if (equal_ignoring_case(name, "ttl_ms")) return Field::ttl_ms;
    return Field::unknown;
  }

  void forget(Field field) {
    switch (field) {
      case Field::unknown:
        break;
      case Field::timestamp:
        timestamp_.reset();
        break;
      case Field::ttl_deadline:
        ttl_deadline_.reset();
        break;
      case Field::owner_id:
        owner_.clear();
        break;
      case Field::zklock:
        ours_ = {};
        break;
      case Field::host:
        ours_.host.clear();
        break;
      case Field::pid:
        ours_.pid = 0;
        break;
      case Field::trace:
        ours_.trace.clear();
        break;
      case Field::waiting:
        ours_.waiting = false;
        break;
      case Field::ttl_ms:
        ours_.ttl.reset();
        break;
    }
  }

  bool enter() noexcept {
    field_ = Field::unknown;  // the next value is only a part of the key's value
    return ++depth_ <= kMaxDepth;
  }
  bool leave() noexcept {
    field_ = Field::unknown;
    --depth_;
    return true;
  }

  int depth_ = 0;                 // number of open objects and arrays
  bool in_ours_ = false;          // the latest object at depth 2 is "zklock"
  Field field_ = Field::unknown;  // the key of the next value

  std::optional<WallTime> timestamp_;
  std::optional<WallTime> ttl_deadline_;
  std::string owner_;
  bool has_ours_ = false;
  Ours ours_;
};

}  // namespace

std::optional<nanoseconds> Metadata::ttl() const noexcept {
  if (waiting) {
    if (!ttl_once_granted || !is_ttl(*ttl_once_granted)) return std::nullopt;
    return *ttl_once_granted;
  }
  if (!ttl_deadline) return std::nullopt;
  return ttl_between(timestamp, *ttl_deadline);
}

std::string to_json(const Metadata& metadata) {
  constexpr std::size_t kUsualBytes = 256;
  std::string json;
  json.reserve(kUsualBytes);
  json += R"({"timestamp":")";
  json += to_rfc3339(metadata.timestamp);
  json += R"(","ttl_deadline":")";
  json += metadata.ttl_deadline ? to_rfc3339(*metadata.ttl_deadline) : kNoDeadline;
  json += R"(","owner_id":)" + json_string(metadata.owner);
  json += R"(,"zklock":{"host":)" + json_string(metadata.host);
  json += R"(,"pid":)" + std::to_string(metadata.pid);
  if (!metadata.trace.empty()) json += R"(,"trace":)" + json_string(metadata.trace);
  if (metadata.waiting) {
    json += R"(,"waiting":true)";
    if (metadata.ttl_once_granted) {
      json += R"(,"ttl_ms":)" + std::to_string(metadata.ttl_once_granted->count());
    }
  }
  json += "}}";
  return json;
}

std::optional<Metadata> parse_metadata(std::string_view data) noexcept {
  // JSON has no NUL. The parser would take it for the end of the text.
  if (data.size() > kMaxDataBytes || data.find('\0') != std::string_view::npos) return std::nullopt;
  try {
    // Like Go, and unlike the parser, accept strings with bytes that are not UTF-8.
    const std::string text = valid_utf8(data);
    Reader reader;
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return std::nullopt;
    return std::move(reader).result();
  } catch (...) {  // out of memory, or a bug in the parser: the data counts as unreadable
    return std::nullopt;
  }
}

}  // namespace zklock::internal
