#!/usr/bin/env bash
# Runs govulncheck. Known vulnerabilities fail; a database that cannot be reached is said and passed over.
set -uo pipefail
out=$(go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./... 2>&1)
code=$?
echo "$out"
if [ $code -ne 0 ] && grep -q "fetching vulnerabilities" <<<"$out"; then
	echo "govulncheck: no vulnerability database within reach, nothing was checked"
	exit 0
fi
exit $code
