#!/usr/bin/env bash
# Tests the shared token store against a real server, which the tests start and stop themselves. Installs redis-server
# when it runs as root and it is missing; REDIS_SERVER names another program, such as valkey-server.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ -z ${REDIS_SERVER:-} ]] && ! command -v redis-server >/dev/null; then
    if ((EUID == 0)); then
        apt-get update -qq
        # The server of the package is not wanted, only its program: nothing may start.
        DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends redis-server
    else
        echo "error: redis-server is missing, and only root may install it" >&2
        exit 1
    fi
fi

cargo test --quiet -p tollgate-redis --features live -- --nocapture
cargo test --quiet -p tollgate-cli --features redis --test redis
