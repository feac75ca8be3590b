# The target docs: the reference of the public headers together with the guide, by Doxygen, in docs/html
# of the build directory. It is never built by default, and not there without Doxygen. A warning is an
# error: of a comment that names a parameter which is not there, or of a link that leads nowhere.
if(NOT PROJECT_IS_TOP_LEVEL)
  return()
endif()
find_package(Doxygen QUIET)
if(NOT DOXYGEN_FOUND)
  return()
endif()

set(DOXYGEN_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/docs")
set(DOXYGEN_GENERATE_LATEX NO)
set(DOXYGEN_QUIET YES)
set(DOXYGEN_WARN_AS_ERROR FAIL_ON_WARNINGS)

# The headers, as a compiler that includes them sees them.
set(DOXYGEN_STRIP_FROM_PATH "${PROJECT_SOURCE_DIR}")
set(DOXYGEN_STRIP_FROM_INC_PATH "${PROJECT_SOURCE_DIR}/include")
set(DOXYGEN_MACRO_EXPANSION YES)
set(DOXYGEN_EXPAND_ONLY_PREDEF YES)
set(DOXYGEN_PREDEFINED "ZKLOCK_EXPORT=" "ZKLOCK_HIDDEN=" "MOCK_METHOD(...)=" "__cplusplus=202002L")
set(DOXYGEN_BUILTIN_STL_SUPPORT YES)  # it has to know the templates that are specialised
set(DOXYGEN_EXCLUDE_SYMBOLS "zklock::internal*")
set(DOXYGEN_JAVADOC_AUTOBRIEF YES)
set(DOXYGEN_EXTRACT_ALL YES)  # a comment is often one of a group, and a plain name needs none

# The guide: docs.awk makes links of Doxygen's from those of GitHub's.
file(GLOB guide CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/examples/*.md")
set(DOXYGEN_USE_MDFILE_AS_MAINPAGE "${PROJECT_SOURCE_DIR}/README.md")
set(DOXYGEN_FILTER_PATTERNS "*.md=awk -f '${CMAKE_CURRENT_LIST_DIR}/docs.awk'")
set(DOXYGEN_IMAGE_PATH "${PROJECT_SOURCE_DIR}/examples")

doxygen_add_docs(docs "${PROJECT_SOURCE_DIR}/include" "${PROJECT_SOURCE_DIR}/README.md" ${guide})

if(ZKLOCK_BUILD_TESTS)
  add_test(NAME docs COMMAND Doxygen::doxygen "${CMAKE_CURRENT_BINARY_DIR}/Doxyfile.docs")
  set_tests_properties(docs PROPERTIES LABELS headers TIMEOUT 120)
endif()
