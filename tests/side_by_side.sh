#!/bin/sh
# All Python tests: those that mostly wait, for a booted machine or for an alert to arrive, run beside the others.
# usage: tests/side_by_side.sh PYTHON
set -u
waiting='tests/python/host tests/python/test_alerting_proof.py'
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# shellcheck disable=SC2086 # several paths
"$1" -m pytest $waiting >"$log" 2>&1 &
beside=$!
trap 'kill "$beside" 2>/dev/null; exit 130' INT TERM

ignored=''
for path in $waiting; do ignored="$ignored --ignore=$path"; done
# shellcheck disable=SC2086 # several options
"$1" -m pytest $ignored
status=$?

echo 'beside them:'
wait "$beside" || status=$?
cat "$log"
exit "$status"
