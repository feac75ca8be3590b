#include "session/timed_wire.h"

#include <string>
#include <utility>

#include "base/platform.h"

namespace zklock::internal {

namespace {

/// What only a server says.
bool is_of_a_server(std::error_code error) {
  return !error || error == ZooKeeperErrc::no_node || error == ZooKeeperErrc::bad_version ||
         error == ZooKeeperErrc::no_auth || error == ZooKeeperErrc::node_exists ||
         error == ZooKeeperErrc::not_empty;
}

enum class Kind {
  read,
  write,  // an error may have been found without the quorum
  check,  // a transaction, whatever comes of it
};

class TimedWire final : public Wire {
 public:
  TimedWire(std::shared_ptr<Wire> wire, std::weak_ptr<AnswerObserver> witness, std::uint64_t number)
      : wire_(std::move(wire)), witness_(std::move(witness)), number_(number) {}

  void create(const std::string& path, const std::string& data, const Acl& acl, CreateMode mode,
              Answer<Created> answer) override {
    wire_->create(path, data, acl, mode, watched(Kind::write, std::move(answer)));
  }
  void children(const std::string& path, Answer<Children> answer) override {
    wire_->children(path, watched(Kind::read, std::move(answer)));
  }
  void get(const std::string& path, bool watch, Answer<Znode> answer) override {
    wire_->get(path, watch, watched(Kind::read, std::move(answer)));
  }
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Answer<Stat> answer) override {
    wire_->set(path, data, version, watched(Kind::write, std::move(answer)));
  }
  void remove(const std::string& path, std::int32_t version, Answer<void> answer) override {
    wire_->remove(path, version, watched(Kind::write, std::move(answer)));
  }
  void check(const std::string& path, std::int32_t version, Answer<void> answer) override {
    wire_->check(path, version, watched(Kind::check, std::move(answer)));
  }
  void close() noexcept override { wire_->close(); }

 private:
  template <class T>
  [[nodiscard]] Answer<T> watched(Kind kind, Answer<T> answer) const {
    const auto witness = witness_.lock();
    const std::uint64_t connection = witness ? witness->connection_now(number_) : 0;
    // Without one it is sent later than now, nobody knows when.
    if (connection == 0) return answer;
    return [weak = witness_, connection, kind, sent = Platform::current().boot_now(),
            answer = std::move(answer)](Result<T> result) {
      const std::error_code error = result.error();
      if (const auto still = weak.lock(); still && is_of_a_server(error)) {
        const bool is_quorum_write = kind == Kind::check || (kind == Kind::write && !error);
        still->on_answered({connection, sent, Platform::current().boot_now(), is_quorum_write});
      }
      answer(std::move(result));
    };
  }

  const std::shared_ptr<Wire> wire_;
  const std::weak_ptr<AnswerObserver> witness_;
  const std::uint64_t number_;
};

}  // namespace

std::shared_ptr<Wire> witnessed(std::shared_ptr<Wire> wire, std::weak_ptr<AnswerObserver> witness,
                                std::uint64_t number) {
  return std::make_shared<TimedWire>(std::move(wire), std::move(witness), number);
}

}  // namespace zklock::internal
