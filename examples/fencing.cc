// A database that refuses the writes of a holder who was overtaken. leases.md quotes it.
//
//   fencing [address]
#include <sqlite3.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <stdexcept>

using namespace std::chrono_literals;
using zklock::Context;

namespace {

/// An SQLite database in memory. Any SQL database will do.
class Database {
 public:
  Database() {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open(":memory:", &database);
    database_.reset(database);
    if (opened != SQLITE_OK) throw std::runtime_error("cannot open the database");
  }

  /// Runs one statement; returns how many rows it changed.
  int run(const char* sql, std::initializer_list<std::int64_t> values = {}) {
    sqlite3_stmt* prepared = nullptr;
    sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr);
    const std::unique_ptr<sqlite3_stmt, Close> statement(prepared);
    int index = 0;
    for (const std::int64_t value : values) sqlite3_bind_int64(prepared, ++index, value);
    if (sqlite3_step(prepared) != SQLITE_DONE) {
      throw std::runtime_error(sqlite3_errmsg(database_.get()));
    }
    return sqlite3_changes(database_.get());
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

void create_tables(Database& database) {
  // [readme: tables]
  database.run("CREATE TABLE fence (path TEXT PRIMARY KEY, token BIGINT NOT NULL)");
  database.run("INSERT INTO fence VALUES ('/examples/fencing', 0)");
  // [readme-end]
  database.run("CREATE TABLE account (balance INTEGER NOT NULL)");
  database.run("INSERT INTO account VALUES (0)");
}

// [readme: write]
/// False: refused, because a holder with a larger token has written.
bool write(Database& database, std::int64_t token, std::int64_t balance) {
  database.run("BEGIN IMMEDIATE");
  const bool is_latest_holder =
      database.run("UPDATE fence SET token = ?1 WHERE path = '/examples/fencing' AND token <= ?1",
                   {token}) == 1;
  if (is_latest_holder) database.run("UPDATE account SET balance = ?1", {balance});
  database.run(is_latest_holder ? "COMMIT" : "ROLLBACK");
  return is_latest_holder;
}
// [readme-end]

void report(const char* who, bool is_written) {
  std::cout << who << (is_written ? ": written\n" : ": refused\n");
}

}  // namespace

int main(int argc, char** argv) try {
  const char* address = argc > 1 ? argv[1] : "localhost:2181";
  zklock::ZooKeeperLock lock({.address = address, .path = "/examples/fencing"});
  Database database;
  create_tables(database);

  const zklock::Lease earlier = lock.lock(Context().with_timeout(10s));
  report("the earlier holder", write(database, earlier.fencing_token(), 100));
  lock.unlock(earlier);

  const zklock::Lease later = lock.lock(Context().with_timeout(10s));
  report("the later holder", write(database, later.fencing_token(), 200));

  // As if the earlier holder had been paused before this write, and woke up only now.
  report("the earlier holder, too late", write(database, earlier.fencing_token(), 300));
  lock.unlock(later);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
