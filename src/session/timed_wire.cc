#include "session/timed_wire.h"

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error_kinds.h"
#include "base/platform.h"

namespace zklock::internal {

namespace {

enum class Kind {
  read,
  write,  // an error may have been found without the quorum
  check,  // a transaction, whatever its outcome
};

template <class T>
std::error_code error_of(const Result<T>& result) {
  if constexpr (std::is_same_v<T, MultiResult>) {
    if (result) return result->error;
  }
  return result.error();
}

class TimedWire final : public Wire {
 public:
  TimedWire(std::shared_ptr<Wire> wire, std::weak_ptr<AnswerObserver> observer,
            std::uint64_t number)
      : wire_(std::move(wire)), observer_(std::move(observer)), number_(number) {}

  void create(const std::string& path, const std::string& data, const Acl& acl, CreateMode mode,
              Answer<Created> answer) override {
    wire_->create(path, data, acl, mode, timed_answer(Kind::write, std::move(answer)));
  }
  void children(const std::string& path, bool watch, Answer<Children> answer) override {
    wire_->children(path, watch, timed_answer(Kind::read, std::move(answer)));
  }
  void get(const std::string& path, bool watch, Answer<Znode> answer) override {
    wire_->get(path, watch, timed_answer(Kind::read, std::move(answer)));
  }
  void set(const std::string& path, const std::string& data, std::int32_t version,
           Answer<Stat> answer) override {
    wire_->set(path, data, version, timed_answer(Kind::write, std::move(answer)));
  }
  void remove(const std::string& path, std::int32_t version, Answer<void> answer) override {
    wire_->remove(path, version, timed_answer(Kind::write, std::move(answer)));
  }
  void check(const std::string& path, std::int32_t version, Answer<void> answer) override {
    wire_->check(path, version, timed_answer(Kind::check, std::move(answer)));
  }
  void multi(const std::vector<MultiOperation>& operations, Answer<MultiResult> answer) override {
    wire_->multi(operations, timed_answer(Kind::check, std::move(answer)));
  }
  void leave_server(std::chrono::nanoseconds silence) override { wire_->leave_server(silence); }
  [[nodiscard]] std::string problem() const override { return wire_->problem(); }
  [[nodiscard]] Refusal take_refusal() override { return wire_->take_refusal(); }
  void close() noexcept override { wire_->close(); }

 private:
  template <class T>
  [[nodiscard]] Answer<T> timed_answer(Kind kind, Answer<T> answer) const {
    const auto observer = observer_.lock();
    // 0: the request is sent later than now, at an unknown time.
    const std::uint64_t connection = observer ? observer->connection_now(number_) : 0;
    return [weak = observer_, connection, kind, sent = Platform::current().boot_now(),
            answer = std::move(answer)](Result<T> result) {
      if (const auto still = weak.lock()) {
        const std::error_code error = error_of(result);
        if (connection != 0 && is_from_server(error)) {
          const bool is_quorum_write = kind == Kind::check || (kind == Kind::write && !error);
          still->on_answered({connection, sent, Platform::current().boot_now(), is_quorum_write});
        }
        if constexpr (std::is_same_v<T, Children> || std::is_same_v<T, Znode>) {
          if (result) result->connection = still->last_connection();
        }
        // That of the request: an old wire may still answer when there is a new one.
        if constexpr (std::is_same_v<T, MultiResult>) {
          if (result) result->connection = connection;
        }
      }
      answer(std::move(result));
    };
  }

  const std::shared_ptr<Wire> wire_;
  const std::weak_ptr<AnswerObserver> observer_;
  const std::uint64_t number_;
};

}  // namespace

std::shared_ptr<Wire> timed(std::shared_ptr<Wire> wire, std::weak_ptr<AnswerObserver> observer,
                            std::uint64_t number) {
  return std::make_shared<TimedWire>(std::move(wire), std::move(observer), number);
}

}  // namespace zklock::internal
