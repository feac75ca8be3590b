// fake_request.h: requests to a fake ensemble.
#ifndef ZKLOCK_SRC_TESTING_FAKE_REQUEST_H_
#define ZKLOCK_SRC_TESTING_FAKE_REQUEST_H_

#include <zklock/testing/fake_zookeeper.h>

#include <cstdint>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

#include "testing/fake_tree.h"
#include "wire/wire.h"

namespace zklock::internal {

using FakeOperation = testing::FakeZooKeeper::Operation;

/// A request, as it travels.
struct FakeRequest {
  /// To be called at the client, in the order of its messages.
  using Delivery = std::function<void()>;

  FakeOperation operation{};
  std::string path{};
  bool watch = false;
  /// Makes the transaction at the leader. Null for reads.
  std::function<Result<FakeTransaction>(const FakeTree&, const FakeCaller&, Stat::Time)> decide{};
  /// At the server that the client is connected to, once a write is carried out there.
  std::function<Delivery(const FakeTree&, const FakeCaller&, const Result<FakeTransaction>&)>
      answer{};
  /// At the client, in place of an answer.
  std::function<void(std::error_code)> fail{};
};

/// The requests of a Wire. `answer` is called at the client.
[[nodiscard]] FakeRequest fake_create(const std::string& path, const std::string& data,
                                      const Acl& acl, Wire::CreateMode mode,
                                      Wire::Answer<Created> answer);
[[nodiscard]] FakeRequest fake_children(const std::string& path, bool watch,
                                        Wire::Answer<Children> answer);
[[nodiscard]] FakeRequest fake_get(const std::string& path, bool watch, Wire::Answer<Znode> answer);
[[nodiscard]] FakeRequest fake_set(const std::string& path, const std::string& data,
                                   std::int32_t version, Wire::Answer<Stat> answer);
[[nodiscard]] FakeRequest fake_remove(const std::string& path, std::int32_t version,
                                      Wire::Answer<void> answer);
[[nodiscard]] FakeRequest fake_check(const std::string& path, std::int32_t version,
                                     Wire::Answer<void> answer);
[[nodiscard]] FakeRequest fake_multi(const std::vector<MultiOperation>& operations,
                                     Wire::Answer<MultiResult> answer);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_TESTING_FAKE_REQUEST_H_
