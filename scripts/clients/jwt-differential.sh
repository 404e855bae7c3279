#!/usr/bin/env bash
# Has joserfc judge the hundred thousand tokens of tests/it/differential.rs, and compares its verdicts with those of
# VerifyJWT; see README.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

install_python_clients
verdicts=$logs/jwt-differential.tsv
JWT_DIFFERENTIAL=$verdicts cargo test --quiet --manifest-path "$root/Cargo.toml" --test it -- --nocapture differential::
"$installed/venv/bin/python" "$clients/jwt_differential.py" "$verdicts"
