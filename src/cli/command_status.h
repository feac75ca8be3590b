// The exit status of `zklock`: the numbers of sysexits.h where there is one, so that scripts can
// tell them from a command's own.
#ifndef ZKLOCK_SRC_CLI_COMMAND_STATUS_H_
#define ZKLOCK_SRC_CLI_COMMAND_STATUS_H_

namespace zklock::cli::status {

inline constexpr int kDone = 0;           // of `status`: nobody holds the lock
inline constexpr int kHeld = 1;           // only of `status`
inline constexpr int kWrongUsage = 64;    // EX_USAGE
inline constexpr int kNoServer = 69;      // EX_UNAVAILABLE: none answered, so nothing is known
inline constexpr int kFailed = 70;        // EX_SOFTWARE: what is none of the others
inline constexpr int kCannotWrite = 74;   // EX_IOERR: standard output
inline constexpr int kNotYet = 75;        // EX_TEMPFAIL: the time was over; later it may go well
inline constexpr int kLost = 76;          // only of `run`: the lock, and the command was ended
inline constexpr int kNoPermission = 77;  // EX_NOPERM: an ACL of the servers does not allow it
inline constexpr int kCannotRun = 126;    // as of env(1): the command is there, but cannot be run
inline constexpr int kNotFound = 127;     // as of env(1): the command

}  // namespace zklock::cli::status

#endif  // ZKLOCK_SRC_CLI_COMMAND_STATUS_H_
