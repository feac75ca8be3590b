#include "wire/libzookeeper_request.h"

#include <zklock/error.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace zklock::internal {

namespace {

Stat to_stat(const ::Stat& raw) {
  Stat stat;
  stat.czxid = raw.czxid;
  stat.mzxid = raw.mzxid;
  stat.pzxid = raw.pzxid;
  stat.ctime = Stat::Time(std::chrono::milliseconds(raw.ctime));
  stat.mtime = Stat::Time(std::chrono::milliseconds(raw.mtime));
  stat.version = raw.version;
  stat.cversion = raw.cversion;
  stat.aversion = raw.aversion;
  stat.ephemeral_owner = raw.ephemeralOwner;
  stat.data_length = raw.dataLength;
  stat.num_children = raw.numChildren;
  return stat;
}

}  // namespace

std::error_code to_error(int code) noexcept {
  if (code == ZOK) return {};
  return static_cast<ZooKeeperErrc>(code);
}

std::optional<int> raw_mode(Wire::CreateMode mode) noexcept {
  switch (mode) {
    case Wire::CreateMode::persistent:
      return 0;
    case Wire::CreateMode::ephemeral_sequential:
      return ZOO_EPHEMERAL | ZOO_SEQUENCE;
    case Wire::CreateMode::container:
#ifdef ZOO_CREATE_CONTAINER_OP  // it came together with the mode, which is not a macro
      return ZOO_CONTAINER;
#endif
      break;
  }
  return std::nullopt;
}

RawAcl::RawAcl(const Acl& acl) {
  for (const AclEntry& entry : acl.entries()) {
    entries_.push_back({static_cast<std::int32_t>(entry.permissions),
                        {const_cast<char*>(entry.scheme.c_str()),  // NOLINT: C, but only read
                         const_cast<char*>(entry.id.c_str())}});   // NOLINT: as above
  }
  vector_ = {static_cast<std::int32_t>(entries_.size()), entries_.data()};
}

RawOperations::RawOperations(const std::vector<MultiOperation>& operations) {
  operations_.reserve(operations.size());
  acls_.reserve(operations.size());
  for (const MultiOperation& operation : operations) {
    zoo_op_t& raw = operations_.emplace_back();
    const char* const path = operation.path.c_str();
    const auto size = static_cast<int>(operation.data.size());
    switch (operation.type) {
      case MultiOperation::Type::check:
        zoo_check_op_init(&raw, path, operation.version);
        break;
      case MultiOperation::Type::create:
        zoo_create_op_init(&raw, path, operation.data.data(), size,
                           acls_.emplace_back(operation.acl).get(), 0, nullptr, 0);
        break;
      case MultiOperation::Type::set:
        zoo_set_op_init(&raw, path, operation.data.data(), size, operation.version, nullptr);
        break;
      case MultiOperation::Type::remove:
        zoo_delete_op_init(&raw, path, operation.version);
        break;
    }
  }
}

void RequestsUnderWay::add(Request* request) {
  const MutexLock lock(monitor_.mutex);
  requests_.insert(request);
}

void RequestsUnderWay::forget(Request* request) {
  bool was_last = false;
  {
    const MutexLock lock(monitor_.mutex);
    requests_.erase(request);
    was_last = is_draining_ && requests_.empty();
  }
  if (was_last) monitor_.changed->notify_all();
}

void RequestsUnderWay::drain(std::chrono::nanoseconds most) {
  MutexLock lock(monitor_.mutex);
  is_draining_ = true;
  const SteadyTime end = Platform::current().steady_now() + most;
  while (!requests_.empty() && Platform::current().steady_now() < end) {
    monitor_.changed->wait_until(lock, end);
  }
}

void RequestsUnderWay::fail_all(std::error_code error) {
  std::unordered_set<Request*> requests;
  {
    const MutexLock lock(monitor_.mutex);
    requests.swap(requests_);
  }
  for (Request* const request : requests) {
    request->fail(error);
    delete request;  // NOLINT(cppcoreguidelines-owning-memory): libzookeeper carried it
  }
}

void finish_create(int code, const char* path, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Created>::finish(context, to_error(code));
  TypedRequest<Created>::finish(context, Created{path, to_stat(*stat)});
}

void finish_children(int code, const String_vector* names, const ::Stat* stat,
                     const void* context) {
  if (code != ZOK) return TypedRequest<Children>::finish(context, to_error(code));
  Children children;
  children.names.assign(names->data, names->data + names->count);
  children.stat = to_stat(*stat);
  TypedRequest<Children>::finish(context, std::move(children));
}

void finish_get(int code, const char* data, int size, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Znode>::finish(context, to_error(code));
  Znode znode;
  if (data != nullptr && size > 0) znode.data.assign(data, static_cast<std::size_t>(size));
  znode.stat = to_stat(*stat);
  TypedRequest<Znode>::finish(context, std::move(znode));
}

void finish_set(int code, const ::Stat* stat, const void* context) {
  if (code != ZOK) return TypedRequest<Stat>::finish(context, to_error(code));
  TypedRequest<Stat>::finish(context, to_stat(*stat));
}

void finish_multi(int code, const void* context) {
  using Multi = TypedRequest<MultiResult>;
  const auto& results = static_cast<const Multi*>(context)->results;
  // Those that were rolled back have no error, those behind the refused one have another.
  const auto refused =
      std::find_if(results.begin(), results.end(),
                   [](const zoo_op_result_t& result) { return result.err != ZOK; });
  const bool is_refusal = refused != results.end() && refused->err == code;
  if (code != ZOK && !is_refusal) return Multi::finish(context, to_error(code));
  MultiResult result;
  result.error = to_error(code);
  if (is_refusal) result.refused = static_cast<std::size_t>(refused - results.begin());
  Multi::finish(context, result);
}

void finish_void(int code, const void* context) {
  TypedRequest<void>::finish(context, Result<void>(to_error(code)));
}

}  // namespace zklock::internal
