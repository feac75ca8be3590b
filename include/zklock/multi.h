// zklock/multi.h: several operations as one transaction of ZooKeeper's.
#ifndef ZKLOCK_MULTI_H_
#define ZKLOCK_MULTI_H_

#include <zklock/acl.h>
#include <zklock/export.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <system_error>

namespace zklock {

/// One operation of ZooKeeperClient::multi.
struct MultiOperation {
  enum class Type {
    check,   // the znode exists, with this version
    create,  // a persistent znode
    set,
    remove,
  };
  Type type{};
  std::string path{};
  std::string data{};         // create, set
  std::int32_t version = -1;  // check, set, remove; -1: any
  Acl acl = Acl::open();      // create
};

/// What became of a multi. (Not the stats of its znodes: servers before 3.8.2 give wrong ones,
/// ZOOKEEPER-4026.)
struct MultiResult {
  /// No error: all operations were carried out. Otherwise none was, unless may_have_been_done says
  /// that nobody knows.
  std::error_code error{};
  /// The operation that was refused, counted from 0. Meaningful if the error is a server's, or
  /// bad_arguments or invalid_acl.
  std::size_t refused = 0;
  /// False: the request was not sent, whatever the error says. True if the client does not know.
  bool is_sent = true;
  /// Over which the answer came: see Znode::connection. 0: the client does not know; then a guarded
  /// write whose answer is lost stays in doubt.
  std::uint64_t connection = 0;
};

}  // namespace zklock

#endif  // ZKLOCK_MULTI_H_
