// libzookeeper_request.h: requests that libzookeeper carries, and the functions that it calls with
// their answers.
#ifndef ZKLOCK_SRC_WIRE_LIBZOOKEEPER_REQUEST_H_
#define ZKLOCK_SRC_WIRE_LIBZOOKEEPER_REQUEST_H_

#include <zklock/acl.h>
#include <zookeeper/zookeeper.h>

#include <chrono>
#include <memory>
#include <optional>
#include <system_error>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/platform.h"
#include "wire/wire.h"

namespace zklock::internal {

/// The error of a return code; none for ZOK.
[[nodiscard]] std::error_code to_error(int code) noexcept;

/// libzookeeper's form of a mode. None: this version of it has no such mode.
[[nodiscard]] std::optional<int> raw_mode(Wire::CreateMode mode) noexcept;

/// libzookeeper's form of an Acl, which it reads during the call only. REQUIRES: `acl` outlives it.
class RawAcl {
 public:
  explicit RawAcl(const Acl& acl);
  [[nodiscard]] const ACL_vector* get() const noexcept { return &vector_; }

 private:
  std::vector<ACL> entries_;
  ACL_vector vector_{};
};

/// libzookeeper's form of a transaction. REQUIRES: the operations outlive it.
class RawOperations {
 public:
  explicit RawOperations(const std::vector<MultiOperation>& operations);
  [[nodiscard]] const zoo_op_t* get() const noexcept { return operations_.data(); }

 private:
  std::vector<RawAcl> acls_;  // stay where they are, as there is room for all
  std::vector<zoo_op_t> operations_;
};

class Request {
 public:
  Request() = default;
  virtual ~Request() = default;
  Request(const Request&) = delete;
  Request& operator=(const Request&) = delete;

  virtual void fail(std::error_code error) = 0;
};

/// The requests of one handle that are under way. libzookeeper carries a pointer to each. When it
/// loses an answer (zookeeper_close may do so, ZOOKEEPER-2894), the wire finds the request here and
/// answers it.
///
/// Thread safety: all functions may be called from any thread.
class RequestsUnderWay {
 public:
  void add(Request* request);
  /// The answer has come, or the request was not sent.
  void forget(Request* request);
  /// Waits, for at most this time, until there are none.
  void drain(std::chrono::nanoseconds most);
  /// Fails and destroys all of them. REQUIRES: libzookeeper has no pointer to them any more.
  void fail_all(std::error_code error);

 private:
  Monitor monitor_;
  std::unordered_set<Request*> requests_ ZKLOCK_GUARDED_BY(monitor_.mutex);  // owned
  bool is_draining_ ZKLOCK_GUARDED_BY(monitor_.mutex) = false;
};

template <class T>
class TypedRequest final : public Request {
 public:
  TypedRequest(RequestsUnderWay& under_way, Wire::Answer<T> answer)
      : under_way_(under_way), answer_(std::move(answer)) {}

  void fail(std::error_code error) override { answer_(error); }

  /// Called by the completion thread: takes the request back from libzookeeper and answers it.
  static void finish(const void* context, Result<T> result) noexcept {
    std::unique_ptr<TypedRequest> self(
        const_cast<TypedRequest*>(static_cast<const TypedRequest*>(context)));  // NOLINT: C
    self->under_way_.forget(self.get());
    self->answer_(std::move(result));
  }

  // Of a transaction, one for each operation: libzookeeper writes them until the answer comes.
  std::vector<zoo_op_result_t> results{};

 private:
  RequestsUnderWay& under_way_;
  const Wire::Answer<T> answer_;
};

// Completion functions for libzookeeper. `context`: a TypedRequest of the type in brackets.

/// (Created)
void finish_create(int code, const char* path, const ::Stat* stat, const void* context);
/// (Children)
void finish_children(int code, const String_vector* names, const ::Stat* stat, const void* context);
/// (Znode)
void finish_get(int code, const char* data, int size, const ::Stat* stat, const void* context);
/// (Stat)
void finish_set(int code, const ::Stat* stat, const void* context);
/// (MultiResult) Its `results` must be set.
void finish_multi(int code, const void* context);
/// (void)
void finish_void(int code, const void* context);

}  // namespace zklock::internal

#endif  // ZKLOCK_SRC_WIRE_LIBZOOKEEPER_REQUEST_H_
