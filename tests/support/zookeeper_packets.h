// ZooKeeper's wire protocol, as far as needed to recognise packets.
#ifndef ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_PACKETS_H_
#define ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_PACKETS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace zklock::test {

/// What a request asks for, by ZooKeeper's numbers (ZooDefs.OpCode).
enum class Op : std::int32_t {
  close = -11,
  remove = 2,
  get = 4,
  set = 5,
  ping = 11,
  children = 12,
  multi = 14,  // what a `check` travels in
  create = 15,
  set_watches = 101,
  handshake = 10'000,  // the first packet of a connection: not ZooKeeper's, it has no number there
};

struct Packet {
  enum class Kind { request, answer, event };
  Kind kind{};
  std::optional<Op> op{};  // of an answer: that of its request; of an event: none
  std::string text{};      // of an answer: its request's; has the path as it is
};

/// Which packets are meant. What is left out may be anything.
struct PacketPattern {
  std::optional<Packet::Kind> kind{};
  std::optional<Op> op{};
  std::string part{};  // of the text: the path, or the end of it

  [[nodiscard]] bool fits(const Packet& packet) const;
};

inline PacketPattern request(Op op, const std::string& part = {}) {
  return {Packet::Kind::request, op, part};
}
inline PacketPattern answer_to(Op op, const std::string& part = {}) {
  return {Packet::Kind::answer, op, part};
}
inline PacketPattern event_of(const std::string& part) {
  return {Packet::Kind::event, std::nullopt, part};
}
inline PacketPattern any_packet() { return {}; }

/// The packets of one connection. Thread safety: none.
class Conversation {
 public:
  enum class Side { client, server };

  /// Takes what has come from that side.
  void append(Side from, std::string_view bytes);

  /// The packet that is next from that side, if all of it has come.
  [[nodiscard]] std::optional<Packet> next(Side from) const;

  /// Takes it away, and returns its bytes. REQUIRES: there is one.
  std::string take(Side from);

 private:
  struct Half {
    std::string bytes{};
    bool has_greeted = false;  // the handshake is through
  };

  [[nodiscard]] const Half& half(Side from) const {
    return from == Side::client ? client_ : server_;
  }

  Half client_;
  Half server_;
  std::map<std::int32_t, Packet> asked_;  // by xid: what has not been answered
};

}  // namespace zklock::test

#endif  // ZKLOCK_TESTS_SUPPORT_ZOOKEEPER_PACKETS_H_
