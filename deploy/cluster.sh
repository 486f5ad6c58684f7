#!/bin/bash
# A cluster on this machine's loopback, for trying and for tests: a real PostgreSQL, a nats-server
# with JetStream, and nodes that share them. All of it lives in one directory.
#
#   ./deploy/cluster.sh up --dir D [--nodes 3]    starts what is not running; prints one JSON line
#   ./deploy/cluster.sh start --dir D --node I    starts one node again, such as a killed one
#   ./deploy/cluster.sh status --dir D            the same JSON, with what is ready; exit 1 unless all
#   ./deploy/cluster.sh down --dir D              ends in order exactly what was started here
#
# D holds postgres/, nats/, a data directory and a .toml per node, log/ with everybody's output, and
# owner.token, which all nodes share. Ports are kept, so that a node comes back where it was. Without
# --nodes a used directory keeps its number of nodes; 0 starts PostgreSQL and NATS alone. Variables
# TROUPE_SECTION__KEY go to every node that is started. Others that count: TROUPE_BINARY,
# TROUPE_POSTGRES_BIN (a directory), TROUPE_NATS_SERVER, TROUPE_CLUSTER_WAIT_S (60).
set -euo pipefail
umask 077

root=$(cd "$(dirname "$0")/.." && pwd)
wait_s=${TROUPE_CLUSTER_WAIT_S:-60}
nats_server=${TROUPE_NATS_SERVER:-nats-server}
started=""

say() { echo "cluster.sh: $1" >&2; }
usage() {
  say "$1; see $0 --help"
  exit 2
}

# ---- Processes: each is known by its id and by when the kernel started it, so that another one that
# has come by the same id is never taken for it.

# Prints when a process started; fails if there is none, or only what is left of one.
birth_of() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # The name stands in parentheses and may hold anything; state and start are 1st and 20th behind it.
  read -r -a fields <<<"${stat##*)}"
  [ "${fields[0]}" != Z ] && [ "${fields[0]}" != X ] && echo "${fields[19]}"
}

# Prints the id of a process of this cluster if it runs.
pid_of() {
  local pid birth
  read -r pid birth 2>/dev/null <"$dir/run/$1" || return 1
  [ "$(birth_of "$pid")" = "$birth" ] && echo "$pid"
}
runs() { pid_of "$1" >/dev/null; }

# launch NAME COMMAND…: starts it in a session of its own, its output in log/NAME.log.
launch() {
  local name=$1 pid
  shift
  setsid "$@" </dev/null >>"$dir/log/$name.log" 2>&1 9>&- &
  pid=$!
  echo "$pid $(birth_of "$pid" || echo ended)" >"$dir/run/$name"
  started="$name $started"
}

# await NAME QUESTION…: until the question is answered with yes; fails if the process ends or the
# time is over before.
await() {
  local name=$1 deadline=$((SECONDS + wait_s))
  shift
  until "$@"; do
    runs "$name" || return 1
    if [ "$SECONDS" -ge "$deadline" ]; then
      say "$name is not ready after $wait_s s"
      return 1
    fi
    sleep 0.05
  done
}

# finish SIGNAL NAME…: signals all, then waits for all. Whoever does not end in time is killed.
finish() {
  local signal=$1 name pid deadline=$((SECONDS + wait_s))
  shift
  for name in "$@"; do
    pid=$(pid_of "$name") || continue
    kill -s "$signal" "$pid" 2>/dev/null || true
    kill -s CONT "$pid" 2>/dev/null || true  # it may have been stopped
  done
  for name in "$@"; do
    while pid=$(pid_of "$name"); do
      if [ "$SECONDS" -ge "$deadline" ]; then
        say "$name (process $pid) does not end after $wait_s s and is killed"
        kill -s KILL "$pid" 2>/dev/null || true
        deadline=$((SECONDS + wait_s))
      fi
      sleep 0.05
    done
    rm -f "$dir/run/$name"
  done
}

# Ends what this call has started, newest first, and says why.
give_up() {
  local name
  say "$1 does not start; the end of $dir/log/$1.log:"
  tail -n 15 "$dir/log/$1.log" >&2 || true
  for name in $started; do finish INT "$name"; done
  exit 1
}

# ---- Ports: below those that the kernel gives to outgoing connections.

port_is_taken() { grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf '%04X' "$1") " /proc/net/tcp /proc/net/tcp6 2>/dev/null; }

# Prints the port that is kept under a name, or a new one.
port_of() {
  local port
  if [ ! -s "$dir/run/$1.port" ]; then
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    while port_is_taken "$port"; do port=$((20000 + (port + 1) % 12000)); done
    echo "$port" >"$dir/run/$1.port"
  fi
  cat "$dir/run/$1.port"
}

# bring_up NAME START READY: a port may be lost to somebody else between the look and the use, and
# what a killed process leaves behind may take a moment to go.
bring_up() {
  local name=$1 begin=$2 ready=$3 deadline=$((SECONDS + wait_s)) fresh=no before
  if runs "$name"; then
    await "$name" "$ready" "$name" || give_up "$name"
    return 0
  fi
  [ -s "$dir/run/$name.port" ] || fresh=yes
  while true; do
    : >>"$dir/log/$name.log"
    before=$(wc -c <"$dir/log/$name.log")
    "$begin" "$name"
    if await "$name" "$ready" "$name"; then break; fi
    tail -c "+$((before + 1))" "$dir/log/$name.log" >"$dir/run/$name.try"
    if [ "$SECONDS" -ge "$deadline" ] || runs "$name"; then give_up "$name"; fi
    if grep -qiE 'address( is)? already in use' "$dir/run/$name.try" && [ "$fresh" = yes ]; then
      rm -f "$dir/run/$name.port"
    elif ! grep -qE 'shared memory block .* still in use|lock file .* already exists' "$dir/run/$name.try"; then
      give_up "$name"
    fi
    sleep 0.05
  done
  rm -f "$dir/run/$name.try"
}

# ---- PostgreSQL, which does not run as root.

as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then
    setpriv --reuid=postgres --regid=postgres --clear-groups "$@"
  else
    "$@"
  fi
}

# Prints the directory of the newest PostgreSQL's programs.
postgres_bin() {
  local found
  found=${TROUPE_POSTGRES_BIN:-$(find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -V | tail -n 1)}
  [ -x "$found/initdb" ] || {
    say "there is no PostgreSQL: deploy/install-packages.sh installs it"
    exit 1
  }
  echo "$found"
}

secret() { od -An -N16 -tx1 /dev/urandom | tr -d ' \n'; }

# The cluster is made in a directory of its own first, so that a half-made one is never used.
prepare_postgres() {
  bin=$(postgres_bin)
  [ -d "$dir/postgres/data" ] && return 0
  mkdir -p "$dir/postgres"
  if [ "$(id -u)" -eq 0 ]; then
    chown postgres:postgres "$dir/postgres"
    # The directories above must let its user pass; of those only this one is ours to open.
    chmod o+x "$dir"
    as_postgres test -x "$dir/postgres" || {
      say "the user postgres cannot reach $dir: give a directory whose parents all may enter"
      exit 1
    }
  fi
  if [ "$(printf %s "$dir/postgres/.s.PGSQL.65535" | wc -c)" -gt 107 ]; then
    say "the path $dir is too long for a socket: at most 83 bytes"
    exit 1
  fi
  rm -rf "$dir/postgres/new"
  local password
  password=$(secret)
  echo "$password" >"$dir/postgres.password"
  # Its user may not read ours.
  # shellcheck disable=SC2016 # the inner shell expands it
  as_postgres sh -c 'cat >"$1"' - "$dir/postgres/password" <"$dir/postgres.password"
  as_postgres "$bin/initdb" --auth=scram-sha-256 --username=troupe --locale=C --encoding=UTF8 \
    --pwfile="$dir/postgres/password" --pgdata="$dir/postgres/new" >>"$dir/log/postgres.log" 2>&1 || {
    say "initdb failed, see $dir/log/postgres.log"
    exit 1
  }
  rm -f "$dir/postgres/password"
  mv "$dir/postgres/new" "$dir/postgres/data"
}

begin_postgres() {
  local port
  port=$(port_of postgres)
  echo "postgres://troupe:$(cat "$dir/postgres.password")@127.0.0.1:$port/troupe" >"$dir/postgres.url"
  local -a who=()
  if [ "$(id -u)" -eq 0 ]; then
    who=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  fi
  launch postgres "${who[@]}" "$bin/postgres" -D "$dir/postgres/data" -c port="$port" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories="$dir/postgres" -c fsync=on \
    -c synchronous_commit=on -c full_page_writes=on -c min_wal_size=1GB \
    -c max_wal_size=4GB -c cluster_name=troupe
}

# Something else may listen on that port; the password tells whether it is ours.
postgres_answers() {
  PGPASSWORD=$(cat "$dir/postgres.password") PGCONNECT_TIMEOUT=2 "$bin/psql" -X -q -t -A -w -h 127.0.0.1 \
    -p "$(port_of postgres)" -U troupe -d postgres -c "${1:-SELECT 1}" 2>>"$dir/log/psql.log"
}
postgres_is_ready() { [ "$(postgres_answers)" = 1 ]; }

make_database() {
  [ "$(postgres_answers "SELECT 1 FROM pg_database WHERE datname = 'troupe'")" = 1 ] && return 0
  postgres_answers "CREATE DATABASE troupe" >/dev/null || give_up postgres
}

# ---- NATS.

prepare_nats() {
  command -v "$nats_server" >/dev/null || {
    say "there is no $nats_server: deploy/install-packages.sh installs it"
    exit 1
  }
  mkdir -p "$dir/nats"
  [ -s "$dir/nats.password" ] || secret >"$dir/nats.password"
}

begin_nats() {
  local port password
  port=$(port_of nats)
  password=$(cat "$dir/nats.password")
  echo "nats://troupe:$password@127.0.0.1:$port" >"$dir/nats.url"
  cat >"$dir/nats.conf" <<CONF
server_name: troupe
listen: "127.0.0.1:$port"
max_payload: 8MB
authorization { user: troupe, password: "$password" }
jetstream { store_dir: "$dir/nats", max_memory_store: 64MB, max_file_store: 4GB }
CONF
  launch nats "$nats_server" -c "$dir/nats.conf"
}

# It greets whoever connects.
nats_is_ready() {
  local greeting
  greeting=$( (exec 8<>"/dev/tcp/127.0.0.1/$(port_of nats)" && head -c 5 <&8) 2>/dev/null) && [ "$greeting" = "INFO " ]
}

# ---- Nodes.

nodes_max() { cat "$dir/run/nodes" 2>/dev/null || echo 0; }
node_url() { echo "http://127.0.0.1:$(port_of "$1")"; }

begin_node() {
  local name=$1 binary=${TROUPE_BINARY:-$root/build/release/troupe}
  mkdir -p "$dir/$name"
  # Any node may be the first one that makes a token; then all others get the same.
  if [ -s "$dir/owner.token" ] && [ ! -s "$dir/$name/owner.token" ]; then
    install -m 600 "$dir/owner.token" "$dir/$name/owner.token"
  fi
  if [ ! -s "$dir/$name.toml" ]; then
    cat >"$dir/$name.toml" <<CONF
# Written once by cluster.sh; what is changed here stays.
[store]
kind = "postgres"

[postgres]
url_file = "$dir/postgres.url"

[nats]
url = "$(cat "$dir/nats.url")"

[cluster]
node_name = "$name"
CONF
  fi
  launch "$name" "$binary" serve --config "$dir/$name.toml" --data-dir "$dir/$name" \
    --listen "127.0.0.1:$(port_of "$name")"
}

node_is_ready() {
  local code
  code=$(curl -s -o /dev/null -m 5 -w '%{http_code}' "$(node_url "$1")/readyz") && [ "$code" = 200 ]
}

bring_up_node() {
  [ -x "${TROUPE_BINARY:-$root/build/release/troupe}" ] || {
    say "there is no ${TROUPE_BINARY:-$root/build/release/troupe}: build it, or set TROUPE_BINARY"
    exit 1
  }
  bring_up "$1" begin_node node_is_ready
  [ -s "$dir/owner.token" ] || install -m 600 "$dir/$1/owner.token" "$dir/owner.token"
}

# ---- What it all looks like, as one line of JSON. `ready` is there only if asked for.

# Prints a file of this cluster, or one that is empty: secrets are no arguments, which all can see.
file_or_none() { if [ -s "$dir/$1" ]; then echo "$dir/$1"; else echo /dev/null; fi; }

# Fails unless everything runs and, if asked for, is ready.
show() {
  local asked=$1 all=yes name pid ready i
  for ((i = 1; i <= $(nodes_max); ++i)); do
    name=node-$i
    pid=$(pid_of "$name") || pid=null
    ready=false
    if [ "$asked" = plain ]; then
      ready=null
    elif [ "$pid" != null ] && node_is_ready "$name"; then
      ready=true
    fi
    if [ "$pid" = null ] || [ "$ready" = false ]; then all=no; fi
    jq -cn --arg url "$(node_url "$name")" --argjson pid "$pid" --arg name "$name" --argjson ready "$ready" \
      '{url: $url, pid: $pid, name: $name} + if $ready == null then {} else {ready: $ready} end'
  done >"$dir/run/nodes.json"
  if ! runs postgres || ! runs nats; then all=no; fi
  jq -cs --rawfile token "$(file_or_none owner.token)" --rawfile postgres "$(file_or_none postgres.url)" \
    --rawfile nats "$(file_or_none nats.url)" \
    '{nodes: ., token: ($token | rtrimstr("\n")), postgres: ($postgres | rtrimstr("\n")),
      nats: ($nats | rtrimstr("\n"))}' "$dir/run/nodes.json"
  [ "$all" = yes ]
}

# ---- Commands.

up() {
  local i count=${nodes:-$(nodes_max)}
  if [ -z "$nodes" ] && [ "$count" -eq 0 ]; then count=3; fi
  prepare_postgres
  prepare_nats
  bring_up postgres begin_postgres postgres_is_ready
  make_database
  bring_up nats begin_nats nats_is_ready
  [ "$count" -lt "$(nodes_max)" ] || echo "$count" >"$dir/run/nodes"
  for ((i = 1; i <= $(nodes_max); ++i)); do bring_up_node "node-$i"; done
  show plain || true
}

start() {
  if [ "$node" -lt 1 ] || [ "$node" -gt "$(nodes_max)" ]; then usage "there is no node $node in $dir"; fi
  bring_up_node "node-$node"
  show plain || true
}

down() {
  local -a all=()
  local i
  for ((i = 1; i <= $(nodes_max); ++i)); do all+=("node-$i"); done
  finish TERM "${all[@]}"
  finish INT nats
  finish INT postgres
}

command=${1:-}
case "$command" in
  up | start | status | down) shift ;;
  -h | --help)
    sed -n '2,15s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
  *) usage "the command must be up, start, status or down" ;;
esac
dir="" nodes="" node=""
while [ $# -gt 0 ]; do
  [ $# -ge 2 ] || usage "$1 needs a value"
  case "$1" in
    --dir) dir=$2 ;;
    --nodes) nodes=$2 ;;
    --node) node=$2 ;;
    *) usage "unknown argument $1" ;;
  esac
  shift 2
done
[ -n "$dir" ] || usage "--dir is missing"
[[ "$nodes$node" =~ ^[0-9]*$ && ${#nodes} -le 2 && ${#node} -le 2 ]] || usage "a number up to 99 is needed"
[ "$command" != start ] || [ -n "$node" ] || usage "--node is missing"
if [ "$command" != up ] && [ ! -d "$dir/run" ]; then
  [ "$command" = down ] && exit 0
  say "there is no cluster in $dir"
  exit 1
fi
mkdir -p "$dir/run" "$dir/log"
dir=$(cd "$dir" && pwd)
case "$dir" in *[\"\\]*) usage "the path must not have quotes or backslashes" ;; esac
# One at a time; what is started does not keep this open.
exec 9>"$dir/run/lock"
flock 9
case "$command" in
  up) up ;;
  start) start ;;
  status) show ready ;;
  down) down ;;
esac
