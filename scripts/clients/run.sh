#!/usr/bin/env bash
# Runs real OAuth clients against `tollgate serve` and compares what they can do with expected.tsv; see README.md.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

install_node_clients
install_python_clients
build_rust_client
find_tollgate

# run_client CLIENT ARGUMENTS...
run_client() {
    local client=$1
    shift
    case $client in
        curl) "$clients/programs/curl.sh" "$@" ;;
        requests-oauthlib) "$installed/venv/bin/python" "$clients/programs/client_requests_oauthlib.py" "$@" ;;
        authlib) "$installed/venv/bin/python" "$clients/programs/client_authlib.py" "$@" ;;
        authlib-code) "$installed/venv/bin/python" "$clients/programs/client_authlib_code.py" "$@" ;;
        rust-oauth2) "$installed/rust/debug/rust-oauth2" "$@" ;;
        *) node "$installed/npm/$client.mjs" "$@" ;;
    esac
}

# Runs a client for a cell: client credentials for a shape of the answer, or a step of the authorization code grant,
# which `legacy-` before it has the server of the default shape answer.
run_cell() {
    local client=$1 answer=$2 placement=$3
    case $answer in
        legacy | rfc)
            run_client "$client" "$server/$answer/token" "$server/protected/orders" clientKey1 clientSecret1 "$placement"
            ;;
        *)
            run_client "$client-code" "$server/v1/oauth" "$server/v1/notes/today" deskKey deskSecret "$placement" \
                "${answer#legacy-}"
            ;;
    esac
}

row='%-18s %-28s %-7s %-9s %-5s %-9s %s\n'
differing=()

# check PATTERN SERVE-ARGUMENTS...: serves bundles, and runs the cells whose answer matches.
check() {
    local pattern=$1 client answer placement obtained used contains line did_obtain did_use detail verdict
    shift
    start_server "$@"
    while IFS=$'\t' read -r client answer placement obtained used contains; do
        line=$(run_cell "$client" "$answer" "$placement" 2>"$logs/client") ||
            line=$'-\t-\t'$(tail -n 1 "$logs/client")
        IFS=$'\t' read -r did_obtain did_use detail <<<"$line"
        verdict=expected
        # The detail tells a client that fails for the known reason from one that fails for another.
        if [[ $did_obtain != "$obtained" || $did_use != "$used" || $detail != *"$contains"* ]]; then
            verdict=DIFFERS
            differing+=("$client, $answer, secret in the $placement: obtained=$did_obtain used=$did_use ($detail), not obtained=$obtained used=$used ($contains)")
        fi
        # shellcheck disable=SC2059
        printf "$row" "$client" "$answer" "$placement" "$did_obtain" "$did_use" "$verdict" "${detail:0:90}"
    done < <(grep -v '^#' "$clients/expected.tsv" | grep -P "^[^\t]+\t$pattern\t")
    stop_server
}

start_target
# shellcheck disable=SC2059
printf "$row" client answer secret obtained used '' detail
check '(legacy|rfc)' "$clients"/bundles/{legacy,rfc,protected} --entities "$clients/bundles/entities.json" \
    --target "protected/default=$target"
example=$root/policies-examples/oauth-server
check '(?!legacy|rfc)[^\t]+' "$example"/{oauth,notes} --entities "$example/entities.json" \
    --target "notes/default=$target"
# The same server, but for the switch that makes its answers those of RFC 6749.
mkdir "$logs/example"
cp -R "$example"/{oauth,notes} "$logs/example"
sed -i '/RFCCompliantRequestResponse/d' "$logs"/example/oauth/apiproxy/policies/*.xml
check 'legacy-[^\t]+' "$logs"/example/{oauth,notes} --entities "$example/entities.json" --target "notes/default=$target"

if ((${#differing[@]})); then
    say "${#differing[@]} cells differ:"
    printf '  %s\n' "${differing[@]}" >&2
    exit 1
fi
