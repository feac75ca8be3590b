#include "stored_writes.h"

#include <zklock/guarded_write.h>

#include <algorithm>
#include <set>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace zklock::chaos {
namespace {

constexpr const char* kParent = "/chaos-writes";

void expect(std::error_code error, const std::string& path) {
  if (error) throw std::runtime_error(path + ": " + error.message());
}

}  // namespace

GuardedWrites::GuardedWrites(ZooKeeperClient& client, const std::string& lock)
    : client_(client), directory_(kParent + lock.substr(lock.rfind('/'))) {}

void GuardedWrites::create_directory(const Context& context) const {
  for (const std::string& path : {std::string(kParent), directory_}) {
    const std::error_code error = client_.create(path, "", Acl::open(), context).error();
    if (error != ZooKeeperErrc::node_exists) expect(error, path);
  }
}

void GuardedWrites::commit(const Lease& lease, const std::string& name,
                           const Context& context) const {
  const Result<Znode> last = client_.get(directory_, context);
  if (!last) throw LockError(Errc::no_server_answered, directory_, last.error());
  GuardedWrite(lease)
      .set(directory_, name, last->stat.version)
      .create(directory_ + '/' + name, std::to_string(lease.fencing_token()))
      .commit(context);
}

std::vector<StoredWrite> GuardedWrites::stored(const Context& context) const {
  const Result<Children> children = client_.children(directory_, context);
  expect(children.error(), directory_);
  std::vector<StoredWrite> writes;
  for (const std::string& name : children->names) {
    const std::string path = directory_ + '/' + name;
    const Result<Znode> znode = client_.get(path, context);
    expect(znode.error(), path);
    writes.push_back({name, znode->stat.czxid, std::stoll(znode->data)});
  }
  return writes;
}

std::vector<Violation> check_guarded_writes(const std::string& lock,
                                            std::vector<StoredWrite> stored,
                                            const std::vector<Event>& events) {
  std::vector<Violation> violations;
  std::sort(stored.begin(), stored.end(),
            [](const StoredWrite& a, const StoredWrite& b) { return a.zxid < b.zxid; });
  std::set<std::string> names;
  const StoredWrite* newest = nullptr;
  for (const StoredWrite& write : stored) {
    names.insert(write.name);
    if (newest == nullptr || write.token >= newest->token) {
      newest = &write;
      continue;
    }
    violations.push_back({Violation::Kind::late_write,
                          lock + ": " + write.name + " with token " + std::to_string(write.token) +
                              " was stored after " + newest->name + " with token " +
                              std::to_string(newest->token),
                          {}});
  }
  for (const Event& event : events) {
    const bool is_done = event.kind == Event::Kind::committed;
    if (event.path != lock || (!is_done && event.kind != Event::Kind::not_committed)) continue;
    if (names.contains(event.detail) == is_done) continue;
    violations.push_back({Violation::Kind::false_report,
                          lock + ": " + event.detail + (is_done ? " is not stored" : " is stored"),
                          {event}});
  }
  return violations;
}

}  // namespace zklock::chaos
