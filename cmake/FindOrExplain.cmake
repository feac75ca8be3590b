# zklock_find_package(<name> [<version>] DEBIAN <package>)
#
# find_package(... REQUIRED) whose error is one sentence that names what to install. CMake's own
# speaks of directories and of Find modules.
#
# A macro, not a function: the variables that the package sets are for the caller.
macro(zklock_find_package name)
  cmake_parse_arguments(zklock_find "" "DEBIAN" "" ${ARGN})
  find_package(${name} ${zklock_find_UNPARSED_ARGUMENTS} QUIET)
  if(NOT ${name}_FOUND)
    zklock_fail_for_lack_of("${name}" "${zklock_find_UNPARSED_ARGUMENTS}" "${zklock_find_DEBIAN}")
  endif()
endmacro()

# zklock_fail_for_lack_of(<what> <version, or ""> <Debian package>)
function(zklock_fail_for_lack_of what version package)
  if(version)
    string(APPEND what " ${version} or later")
  endif()
  message(FATAL_ERROR
    "zklock needs ${what}. On Debian and Ubuntu: apt-get install ${package}")
endfunction()
