# Shared by run.sh and newman.sh: sourced, not run. What it starts ends with the script.

clients=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$clients/../.." && pwd)
installed=${TOLLGATE_CLIENTS_DIR:-$root/target/clients}
mkdir -p "$installed"
installed=$(cd "$installed" && pwd)
logs=$(mktemp -d)
started=()

cleanup() {
    local pid
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$logs"
}
trap cleanup EXIT

say() { printf '%s\n' "$*" >&2; }

fail() {
    say "error: $*"
    exit 1
}

# Puts Node 20 from the package registry before a system's older one: openid-client needs it.
provide_node() {
    local at=$installed/node
    if [[ $(node --print 'parseInt(process.versions.node) >= 20') != true ]]; then
        [[ -x $at/node_modules/.bin/node ]] || npm install --prefix "$at" --no-audit --no-fund --loglevel=error node@20 >&2
        PATH=$at/node_modules/.bin:$PATH
    fi
}

# Installs the Node clients at the versions of package-lock.json, unless they are there already.
install_node_clients() {
    local at=$installed/npm
    provide_node
    mkdir -p "$at"
    if ! cmp -s "$clients/package-lock.json" "$at/installed.json"; then
        say "installing the Node clients into $at"
        cp "$clients/package.json" "$clients/package-lock.json" "$at"
        npm ci --prefix "$at" --no-audit --no-fund --loglevel=error >&2
        cp "$clients/package-lock.json" "$at/installed.json"
    fi
    # Modules are looked up from where a program lies, so the programs must lie beside them.
    cp "$clients"/programs/*.mjs "$at"
}

# Installs the Python clients at the versions of requirements.txt, unless they are there already.
install_python_clients() {
    local at=$installed/venv
    if ! cmp -s "$clients/requirements.txt" "$at/installed.txt"; then
        say "installing the Python clients into $at"
        python3 -m venv "$at"
        "$at/bin/pip" install --quiet --disable-pip-version-check -r "$clients/requirements.txt" >&2
        cp "$clients/requirements.txt" "$at/installed.txt"
    fi
}

build_rust_client() {
    CARGO_TARGET_DIR=$installed/rust cargo build --quiet --locked --manifest-path "$clients/rust-oauth2/Cargo.toml"
}

# Sets `tollgate` to the command under test.
find_tollgate() {
    tollgate=${TOLLGATE_BIN:-}
    if [[ -z $tollgate ]]; then
        cargo build --quiet --manifest-path "$root/Cargo.toml" -p tollgate-cli
        tollgate=${CARGO_TARGET_DIR:-$root/target}/debug/tollgate
    fi
    [[ -x $tollgate ]] || fail "there is no command at $tollgate"
}

# Waits until a log holds a line that matches, and prints the line's first group: await LOG PID PATTERN
await() {
    local log=$1 pid=$2 pattern=$3 found
    for _ in {1..100}; do
        found=$(sed -nE "s#^$pattern\$#\1#p" "$log" | head -n 1)
        if [[ -n $found ]]; then
            printf '%s\n' "$found"
            return
        fi
        kill -0 "$pid" 2>/dev/null || break
        sleep 0.1
    done
    cat "$log" "$log.err" >&2
    fail "nothing like \`$pattern\` was printed"
}

# Starts the target, and sets `target` to its URL.
start_target() {
    local port
    : >"$logs/target"
    python3 "$clients/stub.py" >"$logs/target" 2>"$logs/target.err" &
    started+=($!)
    port=$(await "$logs/target" $! '([0-9]+)')
    target=http://127.0.0.1:$port
}

# Starts `tollgate serve` with the arguments, and sets `server` to its URL and `server_pid`.
start_server() {
    # Empty before the server writes, lest the line of the one before be taken for its own.
    : >"$logs/server"
    "$tollgate" serve "$@" --port 0 >"$logs/server" 2>"$logs/server.err" &
    server_pid=$!
    started+=("$server_pid")
    server=$(await "$logs/server" "$server_pid" 'listening on (http://127\.0\.0\.1:[0-9]+)')
}

# Stops the server, which must end by itself and without an error.
stop_server() {
    local status=0
    kill -TERM "$server_pid"
    wait "$server_pid" || status=$?
    [[ $status == 0 ]] || fail "the server ended with status $status after SIGTERM: $(<"$logs/server.err")"
}
