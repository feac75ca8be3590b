#include "testing/fake_watches.h"

#include <optional>

namespace zklock::internal {

void FakeWatches::add(FakeOperation operation, const std::string& path) {
  (operation == FakeOperation::children ? of_children_ : of_data_).insert(path);
}

bool FakeWatches::take(const FakeChange& change) {
  bool is_watched = false;
  if (change.type != WatchEvent::Type::children_changed) {
    is_watched = of_data_.erase(change.path) > 0;
  }
  if (change.type == WatchEvent::Type::children_changed ||
      change.type == WatchEvent::Type::deleted) {
    is_watched |= of_children_.erase(change.path) > 0;
  }
  return is_watched;
}

std::vector<FakeChange> FakeWatches::set_again(const FakeWatches& wanted, const FakeTree& tree,
                                               std::int64_t last_zxid) {
  std::vector<FakeChange> changes;
  for (const std::string& path : wanted.of_data_) {
    const std::optional<Stat> stat = tree.stat(path);
    if (stat && stat->mzxid <= last_zxid) {
      of_data_.insert(path);
    } else {
      changes.push_back({stat ? WatchEvent::Type::changed : WatchEvent::Type::deleted, path});
    }
  }
  for (const std::string& path : wanted.of_children_) {
    const std::optional<Stat> stat = tree.stat(path);
    if (stat && stat->pzxid <= last_zxid) {
      of_children_.insert(path);
    } else if (stat) {
      changes.push_back({WatchEvent::Type::children_changed, path});
    } else if (!wanted.of_data_.contains(path)) {  // whose deletion is reported already
      changes.push_back({WatchEvent::Type::deleted, path});
    }
  }
  return changes;
}

}  // namespace zklock::internal
