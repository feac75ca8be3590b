#include "testing/fake_request.h"

#include <cstddef>
#include <memory>
#include <utility>

#include "base/error_kinds.h"

namespace zklock::internal {

namespace {

/// A request that is answered with the result of `read`.
template <class T, class Read>
FakeRequest read_request(FakeOperation operation, const std::string& path, Wire::Answer<T> answer,
                         const Read& read) {
  FakeRequest request;
  request.operation = operation;
  request.path = path;
  request.fail = [answer](std::error_code error) { answer(error); };
  request.answer = [answer, read](const FakeTree& tree, const FakeCaller& caller,
                                  const Result<FakeTransaction>&) {
    return [answer, result = read(tree, caller)] { answer(result); };
  };
  return request;
}

/// A request that the leader decides; `describe` makes the answer of its transaction.
template <class T, class Decide, class Describe>
FakeRequest write_request(FakeOperation operation, const std::string& path, Wire::Answer<T> answer,
                          const Decide& decide, const Describe& describe) {
  FakeRequest request;
  request.operation = operation;
  request.path = path;
  request.fail = [answer](std::error_code error) { answer(error); };
  request.decide = decide;
  request.answer = [answer, describe](const FakeTree& tree, const FakeCaller&,
                                      const Result<FakeTransaction>& done) {
    const Result<T> result = done ? describe(tree, *done) : Result<T>(done.error());
    return [answer, result] { answer(result); };
  };
  return request;
}

}  // namespace

FakeRequest fake_create(const std::string& path, const std::string& data, const Acl& acl,
                        Wire::CreateMode mode, Wire::Answer<Created> answer) {
  return write_request<Created>(
      FakeOperation::create, path, std::move(answer),
      [=](const FakeTree& tree, const FakeCaller& caller, Stat::Time now) {
        return tree.create(path, data, acl, mode, now, caller);
      },
      [](const FakeTree& tree, const FakeTransaction& done) {
        return Result<Created>(Created{done.path, tree.stat(done.path).value_or(Stat{})});
      });
}

FakeRequest fake_children(const std::string& path, bool watch, Wire::Answer<Children> answer) {
  FakeRequest request =
      read_request<Children>(FakeOperation::children, path, std::move(answer),
                             [path](const FakeTree& tree, const FakeCaller& caller) {
                               return tree.children(path, caller);
                             });
  request.watch = watch;
  return request;
}

FakeRequest fake_get(const std::string& path, bool watch, Wire::Answer<Znode> answer) {
  FakeRequest request = read_request<Znode>(
      FakeOperation::get, path, std::move(answer),
      [path](const FakeTree& tree, const FakeCaller& caller) { return tree.get(path, caller); });
  request.watch = watch;
  return request;
}

FakeRequest fake_set(const std::string& path, const std::string& data, std::int32_t version,
                     Wire::Answer<Stat> answer) {
  return write_request<Stat>(
      FakeOperation::set, path, std::move(answer),
      [=](const FakeTree& tree, const FakeCaller& caller, Stat::Time) {
        return tree.set(path, data, version, caller);
      },
      [path](const FakeTree& tree, const FakeTransaction&) {
        return Result<Stat>(tree.stat(path).value_or(Stat{}));
      });
}

FakeRequest fake_remove(const std::string& path, std::int32_t version, Wire::Answer<void> answer) {
  return write_request<void>(
      FakeOperation::remove, path, std::move(answer),
      [=](const FakeTree& tree, const FakeCaller& caller, Stat::Time) {
        return tree.remove(path, version, caller);
      },
      [](const FakeTree&, const FakeTransaction&) { return Result<void>(); });
}

FakeRequest fake_check(const std::string& path, std::int32_t version, Wire::Answer<void> answer) {
  return write_request<void>(
      FakeOperation::check, path, std::move(answer),
      [=](const FakeTree& tree, const FakeCaller& caller, Stat::Time) {
        return tree.check(path, version, caller);
      },
      [](const FakeTree&, const FakeTransaction&) { return Result<void>(); });
}

FakeRequest fake_multi(const std::vector<MultiOperation>& operations,
                       Wire::Answer<MultiResult> answer) {
  const auto refused = std::make_shared<std::size_t>(0);  // a Result has no place for it
  FakeRequest request = write_request<MultiResult>(
      FakeOperation::multi, operations.front().path, answer,
      [=](const FakeTree& tree, const FakeCaller& caller, Stat::Time now) {
        return tree.multi(operations, now, caller, *refused);
      },
      [](const FakeTree&, const FakeTransaction&) { return Result<MultiResult>(MultiResult{}); });
  request.answer = [answer = std::move(answer), refused](const FakeTree&, const FakeCaller&,
                                                         const Result<FakeTransaction>& done) {
    const std::error_code error = done.error();
    if (is_ambiguous(error)) {  // of the session, not of an operation
      return FakeRequest::Delivery([answer, error] { answer(error); });
    }
    return FakeRequest::Delivery(
        [answer, result = MultiResult{error, *refused}] { answer(result); });
  };
  return request;
}

}  // namespace zklock::internal
