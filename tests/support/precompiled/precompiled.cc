// CMake compiles the precompiled header of the tests with a source file of its target: this one.
