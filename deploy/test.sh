#!/bin/bash
# Builds Troupe and runs its tests: the main ones under AddressSanitizer and UBSan first, then all of
# them in the release build. The end of the output is ctest's own summary of the release run.
#
#   ./deploy/test.sh [--no-install] [--long] [ctest arguments]
#
# --no-install  installs no packages.
# --long        more kills, simulated seeds and timers, half an hour of faults in a cluster
#               (TROUPE_CAMPAIGN_SECONDS) with a summary in build/campaign.md
#               (TROUPE_CAMPAIGN_REPORT), the tests of pure code under ThreadSanitizer, and a minute
#               of libFuzzer per parser (TROUPE_FUZZ_SECONDS), which needs clang.
# Arguments for ctest (such as -L unit or -R crash) select tests of the release build; the sanitized
# ones are then left out. The exit code is not 0 if anything has failed.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
install=yes
long=no
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=no ;;
    --long) long=yes ;;
    -h | --help)
      sed -n '2,14s/^# \{0,1\}//p' "$0"
      exit 0
      ;;
    *) break ;;
  esac
  shift
done

cd "$root"
jobs=$(nproc)

# What drives whole programs by the clock, or reads files only.
without_asan='crash|faults|control|bad_input|cli|tidy|run_command|migrate|doctor|nats_foreign'
without_asan="$without_asan|cluster_script|cluster_system|cluster_campaign|clock|container|systemd"
without_asan="$without_asan|watching|scripts|helm|settings|access_postgres|openapi"
say() { printf '\n== %s\n' "$1"; }

# The names of the tests that ctest arguments select; each is the name of its target as well.
selected() { ctest --test-dir "$1" -N "${@:2}" | sed -n 's/^ *Test *#[0-9]*: //p'; }

# build_and_run PRESET CTEST-ARGUMENT…: builds just the selected tests of a preset and runs them. A
# failure is remembered, so that the release run tells its part as well.
failed=""
build_and_run() {
  local preset=$1 names
  shift
  cmake --preset "$preset" >/dev/null
  mapfile -t names < <(selected "build/$preset" "$@")
  if [ ${#names[@]} -eq 0 ]; then
    echo "no test of preset $preset fits: $*" >&2
    failed="$failed $preset"
    return 0
  fi
  cmake --build "build/$preset" -j "$jobs" --target "${names[@]}"
  ctest --test-dir "build/$preset" --output-on-failure "$@" || failed="$failed $preset"
}

# Runs one libFuzzer program from its corpus and from what it found before. What fails stays in
# build/fuzz/found/.
fuzz_one() {
  local name=$1 found=build/fuzz/found
  mkdir -p "$found/$name"
  if "build/fuzz/${name}_fuzz" -max_total_time="$TROUPE_FUZZ_SECONDS" -timeout=10 -print_final_stats=1 \
    -artifact_prefix="$found/$name-" "$found/$name" "tests/fuzz/corpus/$name" >"$found/$name.log" 2>&1; then
    echo "$name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$found/$name.log") inputs"
  else
    tail -n 30 "$found/$name.log"
    echo "$name: FAILED, see $found/$name.log"
    return 1
  fi
}

fuzz_all() {
  if ! command -v clang++ >/dev/null; then
    echo "NO FUZZER WAS RUN: there is no clang; deploy/install-packages.sh --long installs it" >&2
    failed="$failed fuzz"
    return 0
  fi
  cmake --preset fuzz >/dev/null
  cmake --build --preset fuzz -j "$jobs"
  export TROUPE_FUZZ_SECONDS=${TROUPE_FUZZ_SECONDS:-60}
  export -f fuzz_one
  find tests/fuzz/corpus -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort |
    xargs -P "$jobs" -I NAME bash -c 'fuzz_one NAME' || failed="$failed fuzz"
}

if [ "$install" = yes ]; then
  say "Packages that the build needs"
  if [ "$long" = yes ]; then
    "$root/deploy/install-packages.sh" --long
  else
    "$root/deploy/install-packages.sh"
  fi
fi

if [ "$long" = yes ]; then
  export TROUPE_KILLS=${TROUPE_KILLS:-1000}
  export TROUPE_SIM_SEEDS=${TROUPE_SIM_SEEDS:-20000}
  export TROUPE_CAMPAIGN_SECONDS=${TROUPE_CAMPAIGN_SECONDS:-1800}
  export TROUPE_CAMPAIGN_REPORT=${TROUPE_CAMPAIGN_REPORT:-$root/build/campaign.md}
  export TROUPE_TIMERS=${TROUPE_TIMERS:-20000}
fi

say "Release build"
cmake --preset release
cmake --build build/release -j "$jobs"

if [ $# -eq 0 ]; then
  say "AddressSanitizer and UBSan: all tests but the long ones"
  TROUPE_SIM_SEEDS=100 TROUPE_SIM_CLUSTER_SEEDS=30 build_and_run asan -R '_conformance$|_test$' \
    -E "^($without_asan)_test\$"
  if [ "$long" = yes ]; then
    # The actor library is not built for ThreadSanitizer, and its hand-overs would be reported as
    # races; so only what runs without it is looked at.
    say "ThreadSanitizer: the code without the actor library"
    # It also holds a signal back until the next system call, so that a sandbox child in an endless
    # loop is killed instead of interrupted, and what else waits in it is lost.
    GTEST_FILTER='-LuaPool.AHostCallSuspendsOnlyItsOwnJob' build_and_run tsan -L 'unit|conformance' \
      -E '^(actors|command_line|fuzz|lua_sandbox_hostile)_test$'
    say "libFuzzer: ${TROUPE_FUZZ_SECONDS:-60} seconds per parser"
    fuzz_all
  fi
else
  say "Only the release tests that fit: $*"
fi

say "All tests of the release build"
result=0
ctest --test-dir build/release --output-on-failure "$@" || result=$?
if [ -n "$failed" ]; then
  echo "FAILED before, with sanitizers or fuzzers:$failed" >&2
  exit 1
fi
exit "$result"
