#!/usr/bin/env bash
# Runs Postman collections with newman against `tollgate serve`: the integration flow of policies-examples, and the
# exports of SAP's API recipes where they are at hand.
set -euo pipefail
. "$(dirname "$0")/lib.sh"

install_node_clients
find_tollgate
start_target

# run_collection COLLECTION SERVE-ARGUMENTS...
run_collection() {
    local collection=$1
    shift
    start_server "$@"
    "$installed/npm/node_modules/.bin/newman" run "$collection" --env-var "baseUrl=$server" --timeout-request 20000 \
        --color off
    stop_server
}

iflow=$root/policies-examples/iflow
run_collection "$iflow/iflow.postman_collection.json" "$iflow"/{OAuthToken,OrderIFlow} \
    --entities "$iflow/entities.json" --target "OrderIFlow/default=$target"

recipes=${TOLLGATE_CORPUS:-$root/../shared/corpus}/SAP__apibusinesshub-api-recipes/authentication/oauth
if [[ -d $recipes ]]; then
    run_collection "$clients/sap-exports.postman_collection.json" \
        "$recipes"/{OAuthTokenGeneration,OAuthResource}-APIProxy \
        --entities "$clients/sap-exports.entities.json" --target "OAuthResource/default=$target"
else
    say "skipped: there is no $recipes"
fi
