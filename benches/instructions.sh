#!/usr/bin/env bash
# Instructions per request of every job, by callgrind. Exact and repeatable for one binary on one machine.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=$(cargo bench --bench count --no-run --message-format=json 2>/dev/null |
    sed -n 's/.*"name":"count".*"executable":"\([^"]*\)".*/\1/p' | tail -n 1)

# instructions JOB TIMES: what the whole process executed.
instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

"$program" | while read -r job; do
    few=$(instructions "$job" 1024)
    many=$(instructions "$job" 3072)
    printf '%s\t%d\n' "$job" $(((many - few) / 2048))
done
