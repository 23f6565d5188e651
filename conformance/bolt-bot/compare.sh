#!/bin/sh
# Measures Holdfast and the plain Bolt bot side by side: docs/performance.md.
#   conformance/bolt-bot/compare.sh [scenario …]    all of them take about half an hour
# HOLDFAST_BIN names another binary, BENCH_OUT another folder for the reports. When
# it is done: node conformance/bolt-bot/summary.js dist/bench docs/performance.md
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${HOLDFAST_BIN:-$here/../../bin/holdfast}
out=${BENCH_OUT:-$here/../../dist/bench}
mkdir -p "$out"
[ -d "$here/node_modules" ] || npm ci --prefix "$here" --no-audit --no-fund

# A bot that leaves messages unanswered makes bench end with code 1; its table counts all the same.
measure() {
  name=$1; shift
  echo "## $name: $*"
  "$bin" bench --against "exec node '$here/index.js'" --json "$out/$name.json" "$@" >"$out/$name.md" || echo "(code $?)"
  cat "$out/$name.md"
  echo
}

for scenario in ${*:-calm busy hung free-busy free-hung}; do
  case $scenario in
  calm)      measure calm      --limits --messages 45 --threads 15 --rate 0.25 --timeout 2m ;;
  busy)      measure busy      --limits --messages 200 --threads 50 --rate 2 --timeout 20m ;;
  hung)      measure hung      --limits --messages 50 --threads 50 --rate 0 --hung 0.3 --timeout 5m ;;
  free-busy) measure free-busy --messages 200 --threads 50 --rate 10 --timeout 10m ;;
  free-hung) measure free-hung --messages 50 --threads 50 --rate 0 --hung 0.3 --timeout 5m --repeat 3 ;;
  *) echo "no scenario $scenario: calm, busy, hung, free-busy, free-hung" >&2; exit 2 ;;
  esac
done
node "$here/summary.js" "$out"
