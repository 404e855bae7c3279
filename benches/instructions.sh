#!/usr/bin/env bash
# Instructions per request of every job, by callgrind. Exact and repeatable for one binary on one machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(cargo bench --quiet --bench count --no-run --message-format=json |
    sed -n 's/.*"name":"count".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)

# What one run said; shown when it fails.
said=$(mktemp)
trap 'rm -f "$said"' EXIT

# instructions JOB TIMES: what the whole process executed.
instructions() {
    if ! valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" >"$said" 2>&1; then
        cat "$said" >&2
        return 1
    fi
    sed -n 's/.*Collected : \([0-9]*\).*/\1/p' "$said"
}

"$program" | while read -r job; do
    few=$(instructions "$job" 1024)
    many=$(instructions "$job" 3072)
    printf '%s\t%d\n' "$job" $(((many - few) / 2048))
done
