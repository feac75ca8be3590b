#include "cli/supervision.h"

#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <cstddef>
#include <type_traits>

namespace zklock::cli {
namespace {

void send_bytes(int socket, const void* bytes, std::size_t size) noexcept {
  while (::send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR) {
  }
}

ssize_t receive_bytes(int socket, void* bytes, std::size_t size, int flags) noexcept {
  ssize_t count = -1;
  do {
    count = ::recv(socket, bytes, size, flags);
  } while (count < 0 && errno == EINTR);
  return count;
}

template <class Message>
std::optional<Message> receive(int socket) noexcept {
  static_assert(std::is_trivially_copyable_v<Message>);
  Message message;
  const ssize_t count = receive_bytes(socket, &message, sizeof message, 0);
  if (count != static_cast<ssize_t>(sizeof message)) return std::nullopt;
  return message;
}

}  // namespace

BootTime boot_now() noexcept {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);  // fails only for a clock that does not exist
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void send(int socket, const Order& order) noexcept { send_bytes(socket, &order, sizeof order); }
void send(int socket, const Report& report) noexcept { send_bytes(socket, &report, sizeof report); }
void send(int socket, const std::string& text) noexcept {
  send_bytes(socket, text.data(), text.size());
}

std::optional<Order> receive_order(int socket) noexcept { return receive<Order>(socket); }
std::optional<Report> receive_report(int socket) noexcept { return receive<Report>(socket); }

std::optional<std::string> receive_text(int socket) {
  const ssize_t size = receive_bytes(socket, nullptr, 0, MSG_PEEK | MSG_TRUNC);
  if (size <= 0) return std::nullopt;
  std::string text(static_cast<std::size_t>(size), '\0');
  if (receive_bytes(socket, text.data(), text.size(), 0) != size) return std::nullopt;
  return text;
}

}  // namespace zklock::cli
