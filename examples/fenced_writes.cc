// Two processes write to a database under one lock. The first one is frozen between its look at the
// lease and its write, and goes on when the second one has written. The database refuses the late
// write. leases.md quotes it.
//
//   fenced_writes [address]
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zklock/zookeeper_lock.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// An SQLite database in a file. Any SQL database will do.
class Database {
 public:
  explicit Database(const std::string& file) {
    sqlite3* database = nullptr;
    const int opened = sqlite3_open(file.c_str(), &database);
    database_.reset(database);
    if (opened != SQLITE_OK) throw std::runtime_error("cannot open " + file);
    sqlite3_busy_timeout(database, 10'000);  // ms
  }

  /// Runs one statement without a result; returns how many rows it changed.
  int run(const char* sql, std::initializer_list<std::int64_t> values = {}) {
    const Statement statement = prepare(sql, values);
    if (sqlite3_step(statement.get()) != SQLITE_DONE) fail();
    return sqlite3_changes(database_.get());
  }

  /// The number that a query finds.
  std::int64_t number(const char* sql) {
    const Statement statement = prepare(sql, {});
    if (sqlite3_step(statement.get()) != SQLITE_ROW) fail();
    return sqlite3_column_int64(statement.get(), 0);
  }

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Close>;

  Statement prepare(const char* sql, std::initializer_list<std::int64_t> values) {
    sqlite3_stmt* prepared = nullptr;
    sqlite3_prepare_v2(database_.get(), sql, -1, &prepared, nullptr);
    Statement statement(prepared);
    int index = 0;
    for (const std::int64_t value : values) sqlite3_bind_int64(prepared, ++index, value);
    return statement;
  }
  [[noreturn]] void fail() const { throw std::runtime_error(sqlite3_errmsg(database_.get())); }

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

/// What each of the two processes does.
void write_under_the_lock(const std::string& address, const std::string& file,
                          const std::string& name, std::int64_t balance, bool freezes) {
  Database database(file);
  zklock::ZooKeeperLock lock(
      {.address = address, .path = "/examples/fencing", .client = {.session_timeout = 4s}});
  // [readme: holder]
  const zklock::LockGuard guard(lock, 60s);
  if (!guard.lease().valid()) return;
  std::cout << name << ": holds the lock" << std::endl;
  if (freezes) raise(SIGSTOP);  // stands for anything that pauses a process at the wrong moment
  const bool is_written = write(database, guard.lease().fencing_token(), balance);
  std::cout << name << (is_written ? ": written" : ": refused") << std::endl;
  // [readme-end]
}

/// This program, started as another process.
class Process {
 public:
  explicit Process(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    const int error = posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, argv.data(), environ);
    if (error != 0) throw std::system_error(error, std::generic_category(), "posix_spawn");
  }
  ~Process() {
    if (has_ended_) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void await_freeze() {
    if (!WIFSTOPPED(next_status())) throw std::runtime_error("the process ended too early");
  }
  void go_on() const { kill(pid_, SIGCONT); }
  void await_end() {
    if (next_status() != 0) throw std::runtime_error("the process failed");
  }

 private:
  int next_status() {
    int status = 0;
    waitpid(pid_, &status, WUNTRACED);
    has_ended_ = !WIFSTOPPED(status);
    return status;
  }

  pid_t pid_ = 0;
  bool has_ended_ = false;
};

/// The file of the database, at the end.
class RemovedLater {
 public:
  explicit RemovedLater(std::filesystem::path file) : file_(std::move(file)) {}
  ~RemovedLater() { std::filesystem::remove(file_); }
  RemovedLater(const RemovedLater&) = delete;
  RemovedLater& operator=(const RemovedLater&) = delete;

 private:
  const std::filesystem::path file_;
};

void show(const std::string& address, const std::string& file) {
  Database database(file);
  create_tables(database);

  Process first({"fenced_writes", address, file, "first", "100", "freeze"});
  first.await_freeze();
  std::cout << "first: frozen just before its write" << std::endl;

  Process second({"fenced_writes", address, file, "second", "200"});
  second.await_end();

  std::cout << "first: goes on" << std::endl;
  first.go_on();
  first.await_end();
  std::cout << "the balance is " << database.number("SELECT balance FROM account") << std::endl;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::string address = argc > 1 ? argv[1] : "localhost:2181";
  if (argc > 4) {
    write_under_the_lock(address, argv[2], argv[3], std::stoll(argv[4]), argc > 5);
    return 0;
  }
  const std::filesystem::path file = std::filesystem::temp_directory_path() /
                                     ("fenced_writes-" + std::to_string(getpid()) + ".sqlite");
  const RemovedLater removed_later(file);
  show(address, file);
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
