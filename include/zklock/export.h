// zklock/export.h: marks what the shared library exports. Empty in static builds.
#ifndef ZKLOCK_EXPORT_H_
#define ZKLOCK_EXPORT_H_

#if __cplusplus < 202002L
// A missing file, as compilers stop at one: after #error they go on, to a page of further errors.
#include "zklock needs C++20: compile with -std=c++20 or later"
#endif

#if defined(ZKLOCK_SHARED) && defined(__GNUC__)
#define ZKLOCK_EXPORT __attribute__((visibility("default")))
#define ZKLOCK_HIDDEN __attribute__((visibility("hidden")))  // a part of a class that is exported
#else
#define ZKLOCK_EXPORT
#define ZKLOCK_HIDDEN
#endif

#endif  // ZKLOCK_EXPORT_H_
