"""A recipe for Conan 2, of the sources around it. From a clone:

    conan create cmake/packaging/conan --build=missing -s compiler.cppstd=20
"""

import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

SOURCES = os.path.join("..", "..", "..")


class ZklockConan(ConanFile):
    name = "zklock"
    description = "A coarse-grained distributed lock on ZooKeeper"
    license = "Apache-2.0"
    topics = ("zookeeper", "lock", "distributed")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}
    implements = ["auto_shared_fpic"]

    def set_version(self):
        header = load(self, os.path.join(self.recipe_folder, SOURCES, "include/zklock/version.h"))
        self.version = ".".join(re.findall(r"^#define ZKLOCK_VERSION_\w+ (\d+)$", header, re.MULTILINE))

    def export_sources(self):
        for pattern in ("CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", ".github/CHANGELOG.md"):
            copy(self, pattern, os.path.join(self.recipe_folder, SOURCES), self.export_sources_folder)

    def layout(self):
        cmake_layout(self)

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration("zklock runs on Linux only: it needs CLOCK_BOOTTIME")

    def requirements(self):
        self.requires("zookeeper-client-c/[>=3.8 <4]")
        self.requires("nlohmann_json/[>=3.9 <4]")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.cache_variables["ZKLOCK_BUILD_TESTS"] = False
        toolchain.cache_variables["ZKLOCK_BUILD_EXAMPLES"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan writes these, for the place where it keeps the package.
        rmdir(self, os.path.join(self.package_folder, "lib", "cmake"))
        rmdir(self, os.path.join(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        self.cpp_info.set_property("cmake_target_name", "zklock::all")  # else it is zklock::zklock
        library = self.cpp_info.components["zklock"]
        library.set_property("cmake_target_name", "zklock::zklock")
        library.set_property("pkg_config_name", "zklock")
        library.libs = ["zklock"]
        library.requires = ["zookeeper-client-c::zookeeper-client-c", "nlohmann_json::nlohmann_json"]
        library.system_libs = ["pthread"]
        if self.options.shared:
            library.defines = ["ZKLOCK_SHARED"]

        fake = self.cpp_info.components["fake"]
        fake.set_property("cmake_target_name", "zklock::fake")
        fake.set_property("pkg_config_name", "zklock-fake")
        fake.libs = ["zklock_fake"]
        fake.requires = ["zklock"]
