#!/usr/bin/env bash
# Installs what is needed, builds, and runs every test: release first, then the same under
# AddressSanitizer and UndefinedBehaviorSanitizer. Ends with ctest's own summary.
#
#   ./deploy/test.sh [--no-install] [--long] [ctest arguments]
#
# --long: more kills, more simulation seeds, and ThreadSanitizer over everything that does without CAF
# (Debian's CAF is not instrumented, so its queues would look like races).
set -euo pipefail
cd "$(dirname "$0")/.."

install=yes
long=no
arguments=()
for argument in "$@"; do
  case "$argument" in
    --no-install) install=no ;;
    --long) long=yes ;;
    -h | --help) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) arguments+=("$argument") ;;
  esac
done

say() { printf '\n== %s\n' "$1"; }
jobs=$(nproc)

if [ "$install" = yes ]; then
  say "Packages"
  ./deploy/install-packages.sh
fi
if [ "$long" = yes ]; then
  export TROUPE_KILLS=2000 TROUPE_SIM_SEEDS=20000
fi

failed=0

say "AddressSanitizer and UndefinedBehaviorSanitizer"
cmake --preset asan >/dev/null
cmake --build --preset asan -- -j"$jobs"
# The scale tests measure time and the crash campaign runs for minutes: both belong to the release build.
TROUPE_SIM_SEEDS=150 TROUPE_KILLS=20 ctest --test-dir build/asan --output-on-failure -j"$jobs" \
  -LE 'system|tidy' || failed=1

if [ "$long" = yes ]; then
  say "ThreadSanitizer, without CAF"
  cmake --preset tsan >/dev/null
  cmake --build --preset tsan -- -j"$jobs"
  ctest --test-dir build/tsan --output-on-failure -L 'unit|conformance' -LE caf || failed=1
fi

say "Release"
cmake --preset release >/dev/null
cmake --build --preset release -- -j"$jobs"
# System tests and the simulation have the machine to themselves: they measure time.
ctest --test-dir build/release --output-on-failure "${arguments[@]}" || failed=1

exit "$failed"
