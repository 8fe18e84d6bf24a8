#!/usr/bin/env bash
# Runs every fuzz target for the given -fuzztime (such as 100000x), at most 30 seconds each, building not included: running out of time is no
# failure, a crash is.
set -euo pipefail
runs=${1:?usage: fuzz.sh 100000x}
for pkg in $(go list ./...); do
	list=$(go test -list '^Fuzz' "$pkg") # a package that does not compile ends the script here
	for target in $(grep '^Fuzz' <<<"$list" || true); do
		echo "fuzz $pkg $target"
		code=0
		go test -run '^$' -fuzz "^$target\$" -fuzztime 1x "$pkg" >/dev/null # builds it
		timeout --signal=INT 30 go test -run '^$' -fuzz "^$target\$" -fuzztime "$runs" -fuzzminimizetime 5x "$pkg" || code=$?
		if [ "$code" -eq 124 ]; then
			echo "fuzz $target: stopped after 30 seconds without a crash"
		elif [ "$code" -ne 0 ]; then
			exit "$code"
		fi
	done
done
