// Says whose client it was linked with. test.sh has made the header and the function.
#include <cstdio>

#include <zookeeper/zookeeper.h>

#ifndef THREADED
#error "without THREADED the header of the real one hides the synchronous calls"
#endif

int main() { std::puts(zookeeper_distributor()); }
