#include "lock/write_outcome.h"

#include <cstddef>

namespace zklock::internal {

namespace {

using Type = MultiOperation::Type;

/// The znode shows that this operation was not done: it is as it was before the grant, or somebody
/// else has written the version that this one would have written.
bool is_refuted(const MultiOperation& operation, const Znode& znode, std::int64_t token) {
  const Stat& stat = znode.stat;
  const bool is_older = stat.czxid < token;
  switch (operation.type) {
    case Type::check:
      return false;
    case Type::create:
    case Type::remove:
      return is_older;
    case Type::set:
      if (stat.mzxid < token) return true;
      // The version of a znode only rises. (If it was made anew since, that says nothing.)
      if (!is_older || operation.version < 0) return false;
      return stat.version <= operation.version ||
             (stat.version - 1 == operation.version && znode.data != operation.data);
  }
  return false;
}

/// The zxid of the transaction in which this operation may have been done: its work is there, and
/// nothing came after it. 0: there is none.
std::int64_t trace_of(const MultiOperation& operation, const Znode& znode) {
  if (znode.data != operation.data) return 0;
  const Stat& stat = znode.stat;
  if (operation.type == Type::create) return stat.mzxid == stat.czxid ? stat.czxid : 0;
  const bool is_version = operation.version < 0 || stat.version - 1 == operation.version;
  return is_version ? stat.mzxid : 0;
}

/// Cannot be the work of another write of the grant, unless that was the same.
bool is_proof(const MultiOperation& operation) {
  return operation.type == Type::create || (operation.type == Type::set && operation.version >= 0);
}

}  // namespace

WriteOutcome write_outcome(const std::vector<MultiOperation>& operations,
                           const std::vector<std::optional<Znode>>& found,
                           const WrittenAfter& after) {
  bool is_proved = false;
  bool is_contradicted = false;
  std::int64_t transaction = 0;  // that left all traces
  for (std::size_t i = 0; i < operations.size(); ++i) {
    const MultiOperation& operation = operations[i];
    const std::optional<Znode>& znode = found[i];
    if (znode && is_refuted(operation, *znode, after.token)) return WriteOutcome::not_done;
    if (operation.type == Type::check) continue;
    if (operation.type == Type::remove) {
      is_contradicted = is_contradicted || znode.has_value();  // it may be a new one
      continue;
    }
    const std::int64_t trace = znode ? trace_of(operation, *znode) : 0;
    if (transaction == 0) transaction = trace;
    is_contradicted = is_contradicted || trace <= after.others || trace != transaction;
    is_proved = is_proved || is_proof(operation);
  }
  return is_proved && !is_contradicted && after.others != 0 ? WriteOutcome::done
                                                            : WriteOutcome::unknown;
}

}  // namespace zklock::internal
