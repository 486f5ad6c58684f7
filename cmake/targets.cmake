# How Troupe declares its targets. The include root is the repository's root, so that every
# #include states the layer it reaches into.
add_library(troupe_options INTERFACE)
target_include_directories(troupe_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(troupe_options INTERFACE
  -Wall -Wextra -Wpedantic -Werror -Wno-missing-field-initializers)
if(TROUPE_SANITIZE STREQUAL "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # Asio has fences, of which ThreadSanitizer knows nothing; the locks beside them it does see.
  target_compile_options(troupe_options INTERFACE -Wno-tsan)
endif()

# troupe_library(NAME SOURCES … LINK …): a static library of one folder.
function(troupe_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC troupe_options ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
endfunction()

# troupe_test(NAME LABEL SOURCES … LINK …): one GoogleTest executable; LABEL is what ctest -L
# selects. It runs in the repository's root.
function(troupe_test name label)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE troupe_options ${ARG_LINK} GTest::gtest_main)
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT ${ARG_TIMEOUT})
endfunction()

# Executables whose speed matters take jemalloc, except under sanitizers, which bring their own.
function(troupe_fast_malloc target)
  if(NOT TROUPE_SANITIZE)
    find_library(TROUPE_JEMALLOC jemalloc REQUIRED)
    target_link_libraries(${target} PRIVATE ${TROUPE_JEMALLOC})
    target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/adapters/system/malloc_conf.cc)
  endif()
endfunction()
