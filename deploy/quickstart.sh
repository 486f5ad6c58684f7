#!/bin/sh
# Builds Troupe, then audits the packages installed on this machine with it: real data, hundreds of
# items, a human approval (answered here), a report. Ends with what to try next.
#
#   ./deploy/quickstart.sh [--no-install] [--data-dir DIR]
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
install=yes
data_dir="./.troupe-quickstart"
while [ $# -gt 0 ]; do
  case "$1" in
    --no-install) install=no ;;
    --data-dir)
      [ $# -ge 2 ] || { echo "--data-dir needs a directory" >&2; exit 2; }
      data_dir=$2
      shift
      ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "unknown argument $1; see $0 --help" >&2; exit 2 ;;
  esac
  shift
done

say() { printf '\n== %s\n' "$1" >&2; }

if [ "$install" = yes ]; then
  say "Packages that the build needs"
  "$root/deploy/install-packages.sh"
fi

say "Build (the first time takes some minutes)"
(
  cd "$root"
  cmake --preset release >/dev/null
  cmake --build --preset release --target troupe
) >&2
troupe="$root/build/release/troupe"

mkdir -p "$data_dir"
packages="$data_dir/packages.json"
report="$data_dir/report.md"

# One line per installed package, tab-separated, made into JSON. Quotes and backslashes are escaped,
# control characters become spaces, so that whatever a maintainer wrote is valid JSON.
fields='${db:Status-Status}\t${binary:Package}\t${Version}\t${Section}\t${Installed-Size}'
fields="$fields"'\t${Maintainer}\t${Depends}\n'
list_packages() {
  dpkg-query -W -f "$fields" |
    LC_ALL=C awk -F '\t' -v host="$(hostname 2>/dev/null || echo localhost)" '
      function quoted(text) {
        gsub(/\\/, "&&", text)
        gsub(/"/, "\\\\&", text)
        gsub(/[\001-\037]/, " ", text)
        return "\"" text "\""
      }
      BEGIN { printf "{\"host\":%s,\"packages\":[", quoted(host) }
      $1 == "installed" {
        # What depends on what is only counted later, so versions and alternatives are left out.
        gsub(/ *\([^)]*\)/, "", $7)
        printf "%s\n{\"name\":%s,\"version\":%s", (count++ ? "," : ""), quoted($2), quoted($3)
        printf ",\"section\":%s,\"size_kb\":%d", quoted($4 == "" ? "unknown" : $4), $5
        printf ",\"maintainer\":%s,\"depends\":%s}", quoted($6), quoted($7)
      }
      END { printf "\n]}\n" }'
}

say "Packages installed on this machine"
list_packages >"$packages"
echo "$(grep -c '^{"name"' "$packages") packages in $packages" >&2

say "The audit: every package in Lua, totals, an approval (answered here by --approve), a report"
"$troupe" run "$root/config/samples/package-audit.json" --input "@$packages" \
  --data-dir "$data_dir/state" --approve review --raw >"$report.new"
mv "$report.new" "$report"

say "The report, also in $report"
cat "$report"

cat >&2 <<END

== What next
Answer the approval yourself:
  $troupe run $root/config/samples/package-audit.json --input @$packages --data-dir $data_dir/state

Kill it in the middle and see it go on (this one takes 15 seconds; nothing done is done again):
  $troupe run $root/config/samples/slow-batch.json --data-dir $data_dir/state & sleep 5; kill -9 \$!
  $troupe resume --data-dir $data_dir/state

Open the server, and talk to it from another terminal:
  $troupe serve --data-dir $data_dir/state
  $troupe runs list --data-dir $data_dir/state
  curl -H "Authorization: Bearer \$(cat $data_dir/state/owner.token)" http://127.0.0.1:7420/v1/runs

Read on in $root/deploy/guides/getting-started.md
END
