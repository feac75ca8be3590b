// register.h: a resource that checks fencing tokens, as a lock's users should have.
#ifndef ZKLOCK_TESTS_CHAOS_REGISTER_H_
#define ZKLOCK_TESTS_CHAOS_REGISTER_H_

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct sqlite3;

namespace zklock::chaos {

/// An SQLite file with one value for each path, shared by processes. A process that is killed in
/// the middle of a write leaves it intact; one that is frozen there blocks the others.
///
/// Thread safety: none; each thread has one of its own.
class Register {
 public:
  enum class Answer {
    written,
    refused,  // it has seen a larger token
    busy,     // somebody else was in the way for too long
  };

  /// Opens the file, creating it if necessary. Throws std::runtime_error if that fails.
  explicit Register(const std::filesystem::path& file);

  Register(const Register&) = delete;
  Register& operator=(const Register&) = delete;

  /// In one transaction: refuses tokens smaller than the largest that it has seen for this path,
  /// else writes. Throws std::runtime_error for what should not happen.
  [[nodiscard]] Answer write(const std::string& path, std::int64_t token, const std::string& value);

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept;
  };
  [[noreturn]] void fail(const std::string& what) const;

  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace zklock::chaos

#endif  // ZKLOCK_TESTS_CHAOS_REGISTER_H_
