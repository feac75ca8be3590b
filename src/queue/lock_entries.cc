#include <zklock/lock_entries.h>

#include <algorithm>

#include "base/utf8.h"
#include "queue/claim_name.h"

namespace zklock {

namespace {

LockEntries::const_iterator find(const LockEntries& entries, std::int64_t id) {
  return std::find_if(entries.begin(), entries.end(),
                      [id](const LockEntry& entry) { return entry.id == id; });
}

}  // namespace

std::int64_t sequence_number(std::string_view name, std::error_code& error) noexcept {
  const auto sequence = internal::claim_sequence(name, {});
  error = sequence ? std::error_code() : make_error_code(Errc::invalid_seq_node);
  return sequence.value_or(0);
}

std::int64_t sequence_number(std::string_view name) {
  std::error_code error;
  const std::int64_t sequence = sequence_number(name, error);
  if (error) throw LockError(error, internal::in_quotes(name));
  return sequence;
}

std::vector<std::int64_t> LockEntries::ids() const {
  std::vector<std::int64_t> ids;
  ids.reserve(entries_.size());
  for (const LockEntry& entry : entries_) ids.push_back(entry.id);
  return ids;
}

std::optional<std::int64_t> LockEntries::first() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.front().id;
}

std::optional<std::string> LockEntries::lock_path(std::int64_t id) const {
  const auto entry = find(*this, id);
  if (entry == end()) return std::nullopt;
  return entry->path;
}

std::optional<std::string> LockEntries::lock_ahead(std::int64_t id) const {
  const auto entry = find(*this, id);
  if (entry == end() || entry == begin()) return std::nullopt;
  return std::prev(entry)->path;
}

}  // namespace zklock
