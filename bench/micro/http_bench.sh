#!/usr/bin/env bash
# Requests per second and processor time per request of the HTTP edge alone: authenticated starts over
# keep-alive, against bench/micro/http_server.cc. Usage: http_bench.sh BINARY [SECONDS] [CONNECTIONS]
set -euo pipefail
binary=$1
seconds=${2:-5}
connections=${3:-64}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cat >"$dir/start.lua" <<'LUA'
wrk.method = "POST"
wrk.body = '{"command":"start","params":{"customer":"alex@example.com","order_id":"12345"}}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Bearer secret"
LUA
path=/v1/workflows/01890000-0000-7000-8000-0000000000aa/command
for mode in "" --threads; do
  mkfifo "$dir/in"
  "$binary" $mode <"$dir/in" >"$dir/port" &
  pid=$!
  exec 3>"$dir/in"
  until [ -s "$dir/port" ]; do kill -0 "$pid"; done
  port=$(cat "$dir/port")
  before=$(awk '{print $14+$15}' "/proc/$pid/stat")
  wrk -t1 -c"$connections" -d"${seconds}s" --latency -s "$dir/start.lua" \
    "http://127.0.0.1:$port$path" >"$dir/wrk"
  after=$(awk '{print $14+$15}' "/proc/$pid/stat")
  exec 3>&-
  wait "$pid"
  rm "$dir/in" "$dir/port"
  ticks=$(getconf CLK_TCK)
  awk -v mode="${mode:-inline}" -v ticks="$((after - before))" -v hz="$ticks" '
    /requests in/ { requests = $1 } /Requests\/sec/ { rate = $2 } /99%/ { p99 = $2 }
    /Non-2xx/ { bad = $NF }
    END { printf "%s: %.0f requests/s, p99 %s, %.1f us of server processor time each, %d refused\n",
                 mode, rate, p99, ticks / hz * 1e6 / requests, bad }' "$dir/wrk"
done
