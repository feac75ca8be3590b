# For cpack, before it makes the packages: the policy wants manuals and changelogs compressed. Without
# the time in them, so that the same source makes the same package.
file(GLOB_RECURSE files "${CPACK_TEMPORARY_INSTALL_DIRECTORY}/*")
list(FILTER files INCLUDE REGEX "/share/(man/.*[.][1-9]|doc/.*/changelog([.]Debian)?)$")
foreach(file IN LISTS files)
  execute_process(COMMAND gzip --best --no-name "${file}" COMMAND_ERROR_IS_FATAL ANY)
endforeach()
