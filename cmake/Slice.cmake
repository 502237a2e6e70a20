# How the parts of the house are declared. Each call names what the part uses; nothing else is on its include path's
# conscience: tools/tidy checks that includes and declarations agree.
include(GoogleTest)

# handschlag_embed(TARGET file... ) makes the text of files available to TARGET: a generated header embedded/NAME.h
# declares `inline constexpr std::string_view`. See cmake/embed.cmake.
function(handschlag_embed target name file)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/embedded/${name}.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DINPUT=${file} -DOUTPUT=${header} -DNAME=${name}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    DEPENDS ${file} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    VERBATIM)
  target_sources(${target} PRIVATE ${header})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()

# handschlag_embed_bytes(TARGET NAME FILE) does the same for bytes, and for much of them: the assembler takes the file
# as it is, and `embedded/NAME.h` declares `std::string_view NAME()`.
function(handschlag_embed_bytes target name file)
  set(folder ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/bytes.h.in ${folder}/${name}.h @ONLY)
  configure_file(${CMAKE_SOURCE_DIR}/cmake/bytes.cc.in ${folder}/${name}.cc @ONLY)
  # Alone: compiled along with others it would not be compiled again when the file changes.
  set_source_files_properties(${folder}/${name}.cc PROPERTIES OBJECT_DEPENDS ${file} SKIP_UNITY_BUILD_INCLUSION ON)
  target_sources(${target} PRIVATE ${folder}/${name}.cc)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
endfunction()

# handschlag_fuzz(NAME SOURCE LIBRARY): a fuzz target. With clang's fuzzer (preset `dev`) it is a fuzzer, elsewhere a
# program that only replays. Both are also a test that replays the inputs of tests/fuzz: the seeds, and what once
# failed.
function(handschlag_fuzz name source library)
  set(inputs ${CMAKE_BINARY_DIR}/fuzz-seeds/${name})
  set(regressions ${CMAKE_SOURCE_DIR}/tests/fuzz/regressions/${name})
  if(EXISTS ${regressions})
    list(APPEND inputs ${regressions})
  endif()
  if(HANDSCHLAG_FUZZ)
    add_executable(${name} ${source})
    target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzzers)
    set_property(GLOBAL APPEND PROPERTY HANDSCHLAG_FUZZERS ${name})
    add_test(NAME fuzz.${name} COMMAND ${name} -runs=0 ${inputs})
  else()
    add_executable(${name} ${source} $<TARGET_OBJECTS:fuzz_replay>)
    add_test(NAME fuzz.${name} COMMAND ${name} ${inputs})
  endif()
  set_tests_properties(fuzz.${name} PROPERTIES LABELS fuzz TIMEOUT 300 FIXTURES_REQUIRED fuzz_seeds)
  target_link_libraries(${name} PRIVATE ${library})
endfunction()

# handschlag_part(NAME [USES part...] [LIBRARIES lib...]): one folder, one static library `hs_NAME` of every *.cc in it
# that is neither test nor fuzz target nor benchmark; one test binary `NAME_test` of its *_test.cc; a fuzz target
# `NAME_WHAT_fuzz` of each WHAT_fuzz.cc; one
# binary `NAME_bench` of its *_bench.cc, built by the target `bench` alone (bench/CMakeLists.txt). Sources are compiled
# several at a time where the preset says so (docs/adr/0045), but for tests, which often give their own parts the same
# names, and [ALONE file...] that do so too.
function(handschlag_part name)
  cmake_parse_arguments(PART "" "" "USES;LIBRARIES;TEST_USES;ALONE" ${ARGN})
  set_source_files_properties(${PART_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  set(benches ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(FILTER benches INCLUDE REGEX "_bench\\.cc$")
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz|bench)|/main)\\.cc$")
  set(target hs_${name})
  if(sources)
    add_library(${target} STATIC ${sources})
    set(scope PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_include_directories(${target} ${scope} ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM PART_USES PREPEND hs_)
  list(TRANSFORM PART_TEST_USES PREPEND hs_)
  target_link_libraries(${target} ${scope} ${PART_USES} ${PART_LIBRARIES})

  # SQL migrations become one generated table, in file order.
  file(GLOB migrations CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/migrations/*.sql)
  if(migrations)
    set(header ${CMAKE_CURRENT_BINARY_DIR}/embedded/migrations.h)
    string(REPLACE ";" "|" joined "${migrations}")
    add_custom_command(
      OUTPUT ${header}
      COMMAND ${CMAKE_COMMAND} "-DINPUTS=${joined}" -DOUTPUT=${header} -DSLICE=${name}
              -P ${CMAKE_SOURCE_DIR}/cmake/migrations.cmake
      DEPENDS ${migrations} ${CMAKE_SOURCE_DIR}/cmake/migrations.cmake
      VERBATIM)
    target_sources(${target} PRIVATE ${header})
    target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR})
  endif()

  if(tests)
    add_executable(${name}_test ${tests})
    set_target_properties(${name}_test PROPERTIES UNITY_BUILD OFF)
    # What optimising a test would save, compiling it costs ten times over.
    target_compile_options(${name}_test PRIVATE $<$<CONFIG:Debug>:-O0>)
    target_link_libraries(${name}_test PRIVATE ${target} ${PART_TEST_USES} GTest::gtest_main GTest::gmock)
    gtest_discover_tests(${name}_test DISCOVERY_MODE PRE_TEST TEST_PREFIX "${name}." PROPERTIES TIMEOUT 300)
  endif()
  if(benches)
    add_executable(${name}_bench EXCLUDE_FROM_ALL ${benches})
    target_link_libraries(${name}_bench PRIVATE ${target} benchmark::benchmark_main)
    set_property(GLOBAL APPEND PROPERTY HANDSCHLAG_BENCHES ${name}_bench)
  endif()
  foreach(fuzzer ${fuzzers})
    get_filename_component(stem ${fuzzer} NAME_WE)
    handschlag_fuzz(${name}_${stem} ${fuzzer} ${target})
  endforeach()
endfunction()
