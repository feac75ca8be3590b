// Says whose client it was linked with. The header and the function are those that test.sh has
// made.
#include <cstdio>

#include <zookeeper/zookeeper.h>

#ifndef THREADED
#error "without THREADED the header of the real one hides the synchronous calls"
#endif

int main() { std::puts(zookeeper_distributor()); }
