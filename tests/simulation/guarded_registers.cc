#include "guarded_registers.h"

#include <algorithm>

#include "base/znode_path.h"

namespace zklock::simulation {

namespace {

constexpr const char* kDirectory = "/registers";

}  // namespace

void GuardedRegisters::create(internal::FakeEnsemble& ensemble,
                              const std::vector<std::string>& locks) {
  std::vector<std::string> paths{kDirectory};
  for (const std::string& lock : locks) paths.push_back(path_for(lock + "/claim"));
  for (const std::string& path : paths) {
    ensemble.write([&](const internal::FakeTree& tree, Stat::Time now) {
      return tree.create(path, "", Acl::open(), internal::FakeTree::CreateMode::persistent, now,
                         internal::FakeCaller::an_operator());
    });
  }
}

std::string GuardedRegisters::path_for(const std::string& claim) {
  const std::string lock = claim.substr(0, claim.rfind('/'));
  return internal::join_path(kDirectory, internal::name_of(lock));
}

std::string GuardedRegisters::next_data(const Lease& lease) {
  return std::to_string(lease.fencing_token()) + " " + std::to_string(++writes_);
}

void GuardedRegisters::granted(const Lease& lease) {
  std::int64_t& last = last_token_[path_for(lease.znode())];
  last = std::max(last, lease.fencing_token());
}

void GuardedRegisters::carried_out(const internal::FakeTransaction& multi) {
  for (const internal::FakeTransaction& part : multi.parts) {
    if (part.kind != internal::FakeTransaction::Kind::set) continue;
    const std::int64_t token = std::stoll(part.data);
    std::int64_t& last = last_token_[part.path];
    if (token < last) world_.fail("2: a guarded write of a grant comes after a later grant");
    last = token;
    if (not_done_.contains(part.data)) {
      world_.fail("7: a guarded write is carried out that was reported as not done");
    }
    if (!done_.insert(part.data).second) world_.fail("7: a guarded write is carried out twice");
  }
}

void GuardedRegisters::reported_done(const std::string& data) const {
  if (!done_.contains(data)) world_.fail("7: a guarded write that is not done is reported as done");
}

void GuardedRegisters::reported_not_done(const std::string& data) {
  if (done_.contains(data)) world_.fail("7: a guarded write that is done is reported as not done");
  not_done_.insert(data);
}

}  // namespace zklock::simulation
