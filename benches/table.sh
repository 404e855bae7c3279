#!/usr/bin/env bash
# Measures the library beside its peers in one run and writes the table to benches/TABLE.md.
# The peers take minutes to build for the first time; instructions need valgrind and are left out without it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT

manifest=benches/peers/Cargo.toml
cargo build --release --locked --manifest-path "$manifest"
program=$(cargo metadata --format-version 1 --no-deps --manifest-path "$manifest" |
    sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')/release/tollgate-peers

# collected JOB TIMES: instructions of the job alone, without setting up.
collected() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=counted_part \
        "$program" --job "$1" --times "$2" 2>&1 | sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}

# Machines are slow for seconds at a time: of three runs the best time, and the median of the medians.
echo "times ..." >&2
for run in 1 2 3; do
    "$program" >"$results/times$run.tsv"
done
paste "$results"/times[123].tsv | awk -F '\t' -v OFS='\t' '
    function least(a, b) { return a < b ? a : b }
    function most(a, b) { return a > b ? a : b }
    { print $1, least(least($2, $6), $10), most(least($3, $7), least(most($3, $7), $11)), $4 }
' >"$results/times.tsv"
echo "memory ..." >&2
"$program" --memory >"$results/memory.tsv"
echo "threads ..." >&2
"$program" --threads >"$results/threads.tsv"
echo "reloads ..." >&2
"$program" --reload >"$results/reload.tsv"
if command -v valgrind >/dev/null; then
    echo "instructions ..." >&2
    "$program" --list | while IFS=$'\t' read -r job times; do
        few=$(collected "$job" "$times" </dev/null)
        many=$(collected "$job" $((3 * times)) </dev/null)
        printf '%s\t%d\n' "$job" $(((many - few) / (2 * times)))
    done >"$results/instructions.tsv"
else
    echo "no valgrind: no instructions" >&2
fi

model=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)
{
    cat <<TEXT
# Beside its peers

Measured with \`benches/table.sh\`, which wrote this, on $(nproc) cores of ${model:-an unknown processor}.

$(rustc --version), thin link-time optimisation, one codegen unit.

Times are best / median of 101 rounds in which every job is sampled in turn, of three such runs the best and the middle
one, in nanoseconds of the thread's processor time; a ratio is the best by the best / the median by the median, and a
goal for it is about the former. Times illustrate, counts decide: instructions are callgrind's over the same program
(with 8,192 stored tokens in place of a million, and without the processor's SHA instructions). \`probe\` is the least the job can cost, written by hand for one
configuration. Rows named \`authorization only\` get a request whose token is already resolved, a part of
the job; the whole of ours stands beside them.

TEXT
    "$program" --table "$results"
} >benches/TABLE.md
cat benches/TABLE.md
