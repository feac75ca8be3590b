# What cmake/packaging has for vcpkg and Conan, as far as it can be checked without them.
#
#   cmake -DSOURCE_DIR=<source directory> [-DPYTHON=<python3>] -P recipes_test.cmake
cmake_minimum_required(VERSION 3.25)

set(packaging "${SOURCE_DIR}/cmake/packaging")
file(STRINGS "${SOURCE_DIR}/include/zklock/version.h" version REGEX "^#define ZKLOCK_VERSION_[A-Z]+ [0-9]+$")
list(TRANSFORM version REPLACE "^.* " "")
list(JOIN version "." version)

# vcpkg: the manifest is JSON, and names this version.
file(READ "${packaging}/vcpkg/vcpkg.json" manifest)
string(JSON manifest_version GET "${manifest}" version-semver)
if(NOT manifest_version STREQUAL version)
  message(FATAL_ERROR "vcpkg.json has version ${manifest_version}, and zklock is ${version}")
endif()

# The port runs: here vcpkg's functions only note what they are given.
set(configured "")
function(vcpkg_cmake_configure)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "SOURCE_PATH" "OPTIONS")
  set(configured "${arg_SOURCE_PATH};${arg_OPTIONS}" PARENT_SCOPE)
endfunction()
function(vcpkg_cmake_install)
endfunction()
function(vcpkg_cmake_config_fixup)
endfunction()
function(vcpkg_fixup_pkgconfig)
endfunction()
function(vcpkg_install_copyright)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "" "FILE_LIST")
  if(NOT EXISTS "${arg_FILE_LIST}")
    message(FATAL_ERROR "the port has no such licence: ${arg_FILE_LIST}")
  endif()
endfunction()
set(CURRENT_PACKAGES_DIR "/nonexistent")
include("${packaging}/vcpkg/portfile.cmake")

# What it configures is this project, with options that it has.
list(POP_FRONT configured source)
if(NOT source STREQUAL SOURCE_DIR)
  message(FATAL_ERROR "the port configures '${source}'")
endif()
file(READ "${SOURCE_DIR}/CMakeLists.txt" project)
file(READ "${packaging}/conan/conanfile.py" recipe)
string(REGEX MATCHALL "ZKLOCK_BUILD_[A-Z]+" options "${configured};${recipe}")
foreach(option IN LISTS options)
  if(NOT project MATCHES "option\\(${option} ")
    message(FATAL_ERROR "zklock has no option ${option}")
  endif()
endforeach()

# Conan: the recipe is Python, and finds the version.
if(PYTHON)
  execute_process(COMMAND "${PYTHON}" -c [[
import ast, re, sys
recipe = ast.parse(open(sys.argv[1]).read(), sys.argv[1])
pattern = next(node.args[0].value for node in ast.walk(recipe)
               if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "findall")
version = ".".join(re.findall(pattern, open(sys.argv[2]).read(), re.MULTILINE))
sys.exit(0 if version == sys.argv[3] else f"conanfile.py finds version '{version}', not {sys.argv[3]}")
]] "${packaging}/conan/conanfile.py" "${SOURCE_DIR}/include/zklock/version.h" "${version}"
    COMMAND_ERROR_IS_FATAL ANY)
endif()
