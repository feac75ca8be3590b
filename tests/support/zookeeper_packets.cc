#include "support/zookeeper_packets.h"

#include <cstddef>

namespace zklock::test {
namespace {

// In front of each packet stands its length. A request begins with its xid and its operation, an
// answer with the xid of its request. All three are numbers of four bytes, the highest first.
constexpr std::size_t kNumberSize = 4;
constexpr std::int32_t kEventXid = -1;

std::optional<std::int32_t> number_at(std::string_view bytes, std::size_t position) {
  if (bytes.size() < position + kNumberSize) return std::nullopt;
  std::uint32_t number = 0;
  for (const char byte : bytes.substr(position, kNumberSize)) {
    number = number << 8U | static_cast<unsigned char>(byte);
  }
  return static_cast<std::int32_t>(number);
}

/// The first whole packet without its length.
std::optional<std::string_view> first_of(std::string_view bytes) {
  const std::optional<std::int32_t> length = number_at(bytes, 0);
  if (!length || *length < 0) return std::nullopt;
  bytes.remove_prefix(kNumberSize);
  if (bytes.size() < static_cast<std::size_t>(*length)) return std::nullopt;
  return bytes.substr(0, static_cast<std::size_t>(*length));
}

}  // namespace

bool PacketPattern::fits(const Packet& packet) const {
  return (!kind || *kind == packet.kind) && (!op || op == packet.op) &&
         packet.text.find(part) != std::string::npos;
}

void Conversation::append(Side from, std::string_view bytes) {
  (from == Side::client ? client_ : server_).bytes += bytes;
}

std::optional<Packet> Conversation::next(Side from) const {
  const std::optional<std::string_view> packet = first_of(half(from).bytes);
  if (!packet) return std::nullopt;
  const bool is_request = from == Side::client;
  const Packet::Kind kind = is_request ? Packet::Kind::request : Packet::Kind::answer;
  if (!half(from).has_greeted) return Packet{kind, Op::handshake};
  const std::int32_t xid = number_at(*packet, 0).value_or(0);
  if (is_request) {
    return Packet{kind, static_cast<Op>(number_at(*packet, kNumberSize).value_or(0)),
                  std::string(*packet)};
  }
  if (xid == kEventXid) return Packet{Packet::Kind::event, std::nullopt, std::string(*packet)};
  const auto asked = asked_.find(xid);
  if (asked == asked_.end()) return Packet{kind};
  return Packet{kind, asked->second.op, asked->second.text};
}

std::string Conversation::take(Side from) {
  Half& half = from == Side::client ? client_ : server_;
  const std::string_view packet = *first_of(half.bytes);
  if (half.has_greeted) {
    const std::int32_t xid = number_at(packet, 0).value_or(0);
    if (from == Side::client) {
      asked_.insert_or_assign(xid, *next(from));
    } else {
      asked_.erase(xid);
    }
  }
  half.has_greeted = true;
  const std::size_t size = kNumberSize + packet.size();
  std::string bytes = half.bytes.substr(0, size);
  half.bytes.erase(0, size);
  return bytes;
}

}  // namespace zklock::test
