#!/usr/bin/env bash
# Compares instructions and allocations of the library's own jobs with benches/baseline.tsv; fails when one has grown by
# more than 3 %.
#
#   benches/check-baseline.sh                    compare
#   benches/check-baseline.sh --update REASON    move the baseline; the reason is written into it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
baseline=benches/baseline.tsv

if ! command -v valgrind >/dev/null; then
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends valgrind
    else
        echo "skipped: valgrind is missing, and only root may install it"
        exit 0
    fi
fi

# Prints each row: name, instructions of one run, allocations of a hundred.
measure() {
    local allocations
    allocations=$(cargo test --quiet --test allocations -- --nocapture |
        sed -n 's/^\.*\([^.].*\): \([0-9]*\) allocations in 100 runs$/\1\t\2/p')
    benches/instructions.sh | awk -F '\t' -v OFS='\t' '
        NR == FNR { allocations[$1] = $2; next }
        { print $1, $2, allocations[$1] }
    ' <(echo "$allocations") -
}

# Measures, and keeps the lesser of this and what was measured before, row by row: what the allocator happens to merge
# differs by up to 4 % from run to run.
measured=$(mktemp)
trap 'rm -f "$measured"*' EXIT
measure_again() {
    measure >"$measured.new"
    awk -F '\t' -v OFS='\t' '
        !($1 in instructions) { order[++rows] = $1; instructions[$1] = $2 }
        { if ($2 < instructions[$1]) instructions[$1] = $2; allocations[$1] = $3 }
        END { for (row = 1; row <= rows; row++) print order[row], instructions[order[row]], allocations[order[row]] }
    ' "$measured" "$measured.new" >"$measured.both"
    mv "$measured.both" "$measured"
}
measure_again
if [[ ! -s $measured ]]; then
    echo "error: nothing was measured" >&2
    exit 1
fi

if [[ ${1:-} == --update ]]; then
    reason=${2:?"the reason of the move is missing"}
    measure_again
    {
        echo "# Instructions of one run and allocations of a hundred; moved by benches/check-baseline.sh --update REASON."
        echo "# Measured with $(rustc --version), $(valgrind --version)."
        grep '^# Reason: ' "$baseline" 2>/dev/null || true
        echo "# Reason: $reason"
        cat "$measured"
    } >"$measured.new"
    mv "$measured.new" "$baseline"
    cat "$baseline"
    exit
fi

grep '^# Measured' "$baseline"

# Holds what was measured against the baseline.
compare() {
    awk -F '\t' '
        /^#/ { next }
        NR == FNR { instructions[$1] = $2; allocations[$1] = $3; rows++; next }
        !($1 in instructions) { printf "%-40s %9d instructions, %5d allocations: not in the baseline\n", $1, $2, $3; bad++; next }
        {
            seen++
            grown = $2 > instructions[$1] * 1.03 || $3 > allocations[$1] * 1.03
            printf "%-40s %9d instructions (%+.1f %%), %5d allocations (%+d)%s\n", $1, $2,
                ($2 / instructions[$1] - 1) * 100, $3, $3 - allocations[$1], grown ? "  GROWN" : ""
            bad += grown
        }
        END {
            if (seen < rows) { print rows - seen " rows of the baseline were not measured"; bad++ }
            if (bad) print "\nWhere the growth is meant: benches/check-baseline.sh --update REASON"
            exit bad > 0
        }
    ' "$baseline" "$measured"
}

if ! compare; then
    echo "measuring again"
    measure_again
    compare
fi
