// chronicle.h: what the ensemble sees, written down and counted.
#ifndef ZKLOCK_TESTS_SIMULATION_CHRONICLE_H_
#define ZKLOCK_TESTS_SIMULATION_CHRONICLE_H_

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "checker.h"
#include "simulated_world.h"
#include "testing/fake_ensemble.h"

namespace zklock::simulation {

class Chronicle final : public internal::FakeEnsemble::Observer {
 public:
  explicit Chronicle(World& world) : world_(world) {}

  void on_request(internal::FakeOperation operation, const std::string& path,
                  std::int64_t session) override {
    if (operation == internal::FakeOperation::children) ++lists_[session];
    world_.note("ensemble", name_of(session) + " asks to " + name_of(operation) + " " + path);
  }
  void on_answer_lost(internal::FakeOperation operation, const std::string& path,
                      std::int64_t session) override {
    if (operation == internal::FakeOperation::create) created_unheard_.insert(path);
    world_.count("ensemble", std::string("an answer is lost: ") + name_of(operation),
                 path + " for " + name_of(session));
  }
  void on_decided(internal::FakeOperation operation, const std::string& path, std::int64_t session,
                  const Result<internal::FakeTransaction>& outcome) override {
    if (checker_ != nullptr) checker_->decided(operation, path, session, outcome);
  }
  void on_event(const std::string& what, std::int64_t subject) override {
    world_.count("ensemble", what, name_of(subject));
    if (what == "session expired" && checker_ != nullptr) checker_->session_ended(subject);
  }

  void report_to(Checker* checker) noexcept { checker_ = checker; }

  /// How often this session has listed a directory.
  [[nodiscard]] int lists_of(std::int64_t session) const {
    const auto lists = lists_.find(session);
    return lists == lists_.end() ? 0 : lists->second;
  }
  /// Whether the answer of the create that made this claim was lost.
  [[nodiscard]] bool was_created_unheard(const std::string& claim) const {
    constexpr std::size_t kDigits = 10;
    return claim.size() > kDigits &&
           created_unheard_.contains(claim.substr(0, claim.size() - kDigits));
  }

 private:
  static const char* name_of(internal::FakeOperation operation) {
    static constexpr std::array kNames{"any",   "create", "remove",   "set",
                                       "check", "get",    "children", "multi"};
    return kNames.at(static_cast<std::size_t>(operation));
  }
  static std::string name_of(std::int64_t session) {
    return "s" + std::to_string(session & 0xffff);
  }

  World& world_;
  Checker* checker_ = nullptr;
  std::map<std::int64_t, int> lists_;  // by session
  std::set<std::string> created_unheard_;
};

}  // namespace zklock::simulation

#endif  // ZKLOCK_TESTS_SIMULATION_CHRONICLE_H_
