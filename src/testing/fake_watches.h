// fake_watches.h: the watches of a connection to a fake ensemble.
#ifndef ZKLOCK_SRC_TESTING_FAKE_WATCHES_H_
#define ZKLOCK_SRC_TESTING_FAKE_WATCHES_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "testing/fake_request.h"
#include "testing/fake_tree.h"

namespace zklock::internal {

/// One of each kind for a path: of the data, and of the list of children. Thread safety: none.
class FakeWatches {
 public:
  /// That of a request for `children`, or of another one.
  void add(FakeOperation operation, const std::string& path);
  /// Ends those that the change is about, both if it is a deletion. False: there were none.
  bool take(const FakeChange& change);
  /// Adds those of `wanted` to which nothing has happened after this zxid. Returns what has
  /// happened to the others.
  [[nodiscard]] std::vector<FakeChange> set_again(const FakeWatches& wanted, const FakeTree& tree,
                                                  std::int64_t last_zxid);

 private:
  std::set<std::string> of_data_;
  std::set<std::string> of_children_;
};

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_WATCHES_H_
