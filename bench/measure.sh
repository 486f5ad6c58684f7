#!/bin/bash
# Measures what a cluster promises, on PostgreSQL: every workload, the important ones three times,
# within ten minutes. Wants a machine that does nothing else.
#
#   ./bench/measure.sh OUT.jsonl      appends one line per run, and sums up the medians at the end
#
# TROUPE_BENCH names the program (build/release/troupe-bench), ROUNDS how often (3).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
program=${TROUPE_BENCH:-$root/build/release/troupe-bench}
rounds=${ROUNDS:-3}
out=${1:?"usage: $0 OUT.jsonl"}
touch "$out"
before=$(wc -l <"$out")

run() {
  echo "$*" >&2
  "$program" "$@" --store postgres --json >>"$out"
}

for ((round = 0; round < rounds; ++round)); do
  run W1 --mode strict --seconds 4
  run W1 --mode run-ahead --seconds 4
  run W3 --n 50000
  run W7-nats --seconds 8
  run W9 --seconds 4
  run W2 --n 1000
done
run W2 --n 100000
run W4 --n 10000
run W6 --n 100000
run W6-equal --n 100000
run W6-many --workspaces 1000 --n 50000
run W7 --seconds 8
run W8 --n 100000
run W8-takeover --n 100000
run W10 --mode strict
run W10 --mode run-ahead
run W11 --n 500

echo "medians:" >&2
tail -n "+$((before + 1))" "$out" | jq -rs '
  def median: sort | .[length / 2 | floor];
  group_by([.workload, .mode, .n > 50000])[] | . as $all | .[0] as $one |
  "\($one.workload) \($one.mode): " + ([
      "steps_per_s", "runs_per_s", "requests_per_s", "p50_ms", "p99_ms", "ratio_2", "ratio_3",
      "jain", "first_progress_s", "all_ended_s", "resume_all_s", "raw_rows_per_s",
      "commits_per_step", "wal_bytes_per_step", "rss_mb"
    ] | map(. as $key | [$all[] | .[$key] // 0] | median | select(. > 0) |
      "\($key) \(. * 1000 | round / 1000)") | join(", "))'
