#include "register.h"

#include <sqlite3.h>

#include <stdexcept>

namespace zklock::chaos {
namespace {

constexpr int kPatienceInMs = 100;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

}  // namespace

void Register::Close::operator()(sqlite3* database) const noexcept { sqlite3_close(database); }

Register::Register(const std::filesystem::path& file) {
  sqlite3* database = nullptr;
  const int opened = sqlite3_open(file.c_str(), &database);
  database_.reset(database);
  if (opened != SQLITE_OK) fail("open " + file.string());
  sqlite3_busy_timeout(database, 10'000);
  if (sqlite3_exec(database,
                   "CREATE TABLE IF NOT EXISTS register"
                   " (path TEXT PRIMARY KEY, token INTEGER, value TEXT)",
                   nullptr, nullptr, nullptr) != SQLITE_OK) {
    fail("create the table");
  }
  sqlite3_busy_timeout(database, kPatienceInMs);
}

Register::Answer Register::write(const std::string& path, std::int64_t token,
                                 const std::string& value) {
  sqlite3_stmt* prepared = nullptr;
  const int compiled = sqlite3_prepare_v2(
      database_.get(),
      "INSERT INTO register VALUES (?1, ?2, ?3)"
      " ON CONFLICT (path) DO UPDATE SET token = ?2, value = ?3 WHERE token <= ?2",
      -1, &prepared, nullptr);
  const Statement statement(prepared);
  if (compiled == SQLITE_BUSY) return Answer::busy;
  if (compiled != SQLITE_OK) fail("prepare");
  sqlite3_bind_text(prepared, 1, path.c_str(), -1, SQLITE_STATIC);
  sqlite3_bind_int64(prepared, 2, token);
  sqlite3_bind_text(prepared, 3, value.c_str(), -1, SQLITE_STATIC);
  const int done = sqlite3_step(prepared);
  if (done == SQLITE_BUSY) return Answer::busy;
  if (done != SQLITE_DONE) fail("write");
  return sqlite3_changes(database_.get()) == 0 ? Answer::refused : Answer::written;
}

void Register::fail(const std::string& what) const {
  throw std::runtime_error("register: " + what + ": " + sqlite3_errmsg(database_.get()));
}

}  // namespace zklock::chaos
