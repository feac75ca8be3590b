#include "crew.h"

#include <sys/wait.h>

#include <csignal>
#include <stdexcept>
#include <utility>

namespace zklock::chaos {

Crew::Crew(CrewOptions options, const Journal& journal)
    : options_(std::move(options)), journal_(journal) {
  while (members_.size() < options_.processes) members_.push_back(start());
}

Crew::Member Crew::start() {
  const std::string name = "p" + std::to_string(++started_);
  return {name,
          std::make_unique<test::Subprocess>(std::vector<std::string>{
              options_.program.string(), options_.address, name,
              std::to_string(options_.workers_of_each), std::to_string(options_.paths),
              std::to_string(options_.session_timeout.count()),
              std::to_string(options_.seed * 1'000 + started_), options_.directory.string()})};
}

void Crew::record(Event::Kind kind, const Member& member) const {
  journal_.record({.who = member.name, .kind = kind});
}

void Crew::kill(std::size_t member) {
  Member& killed = members_.at(member);
  record(Event::Kind::killed, killed);
  killed.process->signal(SIGKILL);
  if (!killed.process->wait_for_exit()) throw std::runtime_error(killed.name + " does not die");
}

void Crew::replace(std::size_t member) { members_.at(member) = start(); }

void Crew::freeze(std::size_t member) {
  const Member& frozen = members_.at(member);
  record(Event::Kind::frozen, frozen);
  frozen.process->signal(SIGSTOP);
}

void Crew::thaw(std::size_t member) {
  const Member& thawed = members_.at(member);
  record(Event::Kind::thawed, thawed);  // first: it is what excuses calls that return from now on
  thawed.process->signal(SIGCONT);
}

std::vector<std::string> Crew::stop(std::chrono::milliseconds timeout) {
  for (const Member& member : members_) member.process->signal(SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<std::string> late;
  for (const Member& member : members_) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline - std::chrono::steady_clock::now());
    if (!member.process->wait_for_line("^idle$", std::max(left, std::chrono::milliseconds(0)))) {
      late.push_back(member.name + ": " + member.process->standard_error());
    }
  }
  return late;
}

std::vector<std::string> Crew::end(std::chrono::milliseconds timeout) {
  for (const Member& member : members_) member.process->signal(SIGTERM);
  std::vector<std::string> failed;
  for (const Member& member : members_) {
    if (member.process->wait_for_exit(timeout) != 0) {
      failed.push_back(member.name + ": " + member.process->standard_error());
    }
  }
  return failed;
}

}  // namespace zklock::chaos
