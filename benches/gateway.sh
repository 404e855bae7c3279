#!/usr/bin/env bash
# The gateway under load beside nginx and HAProxy, on loopback: each answers 200 by itself, then the same after a check of
# an opaque token among 20,000. What counts is the processor time for a request and what the check adds to it.
#
#   benches/gateway.sh [SECONDS] [ROUNDS]
#
# Needs curl, wrk, nginx and haproxy; as root it installs those that are missing. Servers run on core 1, wrk on core 0.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-3} rounds=${2:-3}
missing=()
for program in curl wrk nginx haproxy; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
    if ((EUID == 0)) && command -v apt-get >/dev/null; then
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]/nginx/nginx-light}" >/dev/null
    else
        echo "skipped: ${missing[*]} missing, and only root may install them"
        exit 0
    fi
fi
PATH=$PATH:/usr/sbin
work=$(mktemp -d)
servers=()
trap 'kill "${servers[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT

cargo build --quiet --release -p tollgate-cli
tollgate=${CARGO_TARGET_DIR:-target}/release/tollgate

# Two proxies of ours: one that answers, one that verifies first; and one that issues tokens.
proxy() { # NAME BASEPATH STEPS
    mkdir -p "$work/bundles/$1/apiproxy/"{proxies,policies}
    echo "<APIProxy name='$1'/>" >"$work/bundles/$1/apiproxy/$1.xml"
    cat >"$work/bundles/$1/apiproxy/proxies/default.xml" <<XML
<ProxyEndpoint name='default'><PreFlow><Request>$3</Request></PreFlow>
<HTTPProxyConnection><BasePath>$2</BasePath></HTTPProxyConnection><RouteRule name='none'/></ProxyEndpoint>
XML
}
proxy base /base ''
proxy guarded /guarded '<Step><Name>verify</Name></Step>'
proxy token /token '<Step><Name>issue</Name></Step>'
echo "<OAuthV2 name='verify'><Operation>VerifyAccessToken</Operation><Scope>READ</Scope></OAuthV2>" \
    >"$work/bundles/guarded/apiproxy/policies/verify.xml"
cat >"$work/bundles/token/apiproxy/policies/issue.xml" <<XML
<OAuthV2 name='issue'><Operation>GenerateAccessToken</Operation><ExpiresIn>36000000</ExpiresIn><SupportedGrantTypes>
<GrantType>client_credentials</GrantType></SupportedGrantTypes><GenerateResponse enabled='true'/></OAuthV2>
XML
cat >"$work/entities.json" <<JSON
{"apiProducts": [{"name": "Orders", "apiResources": ["/open/**", "/status", "/items/*", "/"], "scopes": ["READ", "WRITE"]}],
 "developers": [{"email": "ada@example.com"}],
 "apps": [{"name": "shop", "developerEmail": "ada@example.com",
           "credentials": [{"consumerKey": "key", "consumerSecret": "secret", "apiProducts": ["Orders"]}]}]}
JSON

start() { # LOG COMMAND...
    local log=$1
    shift
    taskset -c 1 "$@" >"$work/$log" 2>&1 &
    servers+=($!)
}
start tollgate.log "$tollgate" serve "$work/bundles" --entities "$work/entities.json" --port 18070
for _ in $(seq 50); do curl -fs -o /dev/null http://127.0.0.1:18070/base/x && break || sleep 0.1; done

token() {
    echo "$(curl -s -u key:secret -d grant_type=client_credentials http://127.0.0.1:18070/token)" |
        sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p'
}
for _ in $(seq 64); do token; done >"$work/hot"
[[ $(grep -c . "$work/hot") == 64 ]] || { echo "error: no tokens: $(cat "$work/tollgate.log")" >&2; exit 1; }
{ cat "$work/hot"; tr -dc 'A-Za-z0-9' </dev/urandom | fold -w 28 | head -n 20000; } >"$work/all" || true

later=$(($(date +%s) + 36000))
sed "s/.*/\"Bearer &\" \"approved|$later|shop|Orders\";/" "$work/all" >"$work/tokens.nginx"
sed "s/.*/& approved|$later|shop|Orders/" "$work/all" >"$work/tokens.map"
cat >"$work/nginx.conf" <<CONF
worker_processes 1; daemon off; pid $work/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; default_type text/plain;
  client_body_temp_path $work/b; proxy_temp_path $work/p; fastcgi_temp_path $work/f; uwsgi_temp_path $work/u; scgi_temp_path $work/s;
  map_hash_max_size 100000; map_hash_bucket_size 128;
  map \$http_authorization \$record { default ""; include $work/tokens.nginx; }
  server { listen 127.0.0.1:18071;
    location /base { return 200 "ok"; }
    location /guarded { if (\$record !~ "^approved\\|") { return 401; } if (\$uri !~ "^/guarded/items/[^/]+\$") { return 403; } return 200 "ok"; } }
}
CONF
cat >"$work/haproxy.cfg" <<CONF
global
    nbthread 1
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend all
    bind 127.0.0.1:18072
    http-request return status 200 content-type text/plain string ok if { path_beg /base }
    http-request set-var(txn.record) http_auth_bearer,map_str($work/tokens.map)
    http-request deny deny_status 401 unless { var(txn.record) -m found }
    http-request deny deny_status 401 unless { var(txn.record),field(1,|) -m str approved }
    http-request set-var(txn.ends) var(txn.record),field(2,|)
    http-request set-var(txn.now) date()
    http-request deny deny_status 401 if { var(txn.ends),sub(txn.now) -m int lt 0 }
    http-request deny deny_status 403 unless { var(txn.record),field(4,|) -m str Orders } { path_reg ^/guarded/items/[^/]+$ }
    http-request return status 200 content-type text/plain string ok
CONF
start nginx.log nginx -e stderr -c "$work/nginx.conf"
start haproxy.log haproxy -db -f "$work/haproxy.cfg"
sleep 1.5
nginx_worker=$(pgrep -P "${servers[1]}" | head -n 1)

{
    echo "local tokens, n = {$(sed 's/.*/"&"/' "$work/hot" | paste -sd,)}, 0"
    cat <<'LUA'
local requests = {}
function init(args)
  for i, token in ipairs(tokens) do
    requests[i] = wrk.format("GET", args[1] .. "/items/7", { ["Authorization"] = "Bearer " .. token })
  end
end
function request() n = n % #requests + 1; return requests[n] end
LUA
} >"$work/load.lua"

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# shoot NAME PID PORT: microseconds of processor time for a request, without and with the check.
shoot() {
    local name=$1 pid=$2 port=$3 path before after done cost=()
    for path in /base /guarded; do
        taskset -c 0 wrk -t1 -c16 -d1s -s "$work/load.lua" "http://127.0.0.1:$port" -- $path >/dev/null
        before=$(ticks "$pid")
        done=$(taskset -c 0 wrk -t1 -c16 -d"${seconds}s" -s "$work/load.lua" "http://127.0.0.1:$port" -- $path)
        after=$(ticks "$pid")
        if grep -q Non-2xx <<<"$done"; then
            echo "error: $name refused good tokens: $done" >&2
            exit 1
        fi
        cost+=("$(awk -v n="$(awk '/requests in/ { print $1 }' <<<"$done")" -v t=$((after - before)) 'BEGIN { printf "%.2f", t * 1e4 / n }')")
    done
    printf '%s\t%s\t%s\t%s\n' "$name" "${cost[@]}" "$(awk "BEGIN { printf \"%.2f\", ${cost[1]} - ${cost[0]} }")"
}

for port in 18070 18071 18072; do
    bad=$(curl -s -o /dev/null -w '%{http_code}' -H 'Authorization: Bearer nonsense' "http://127.0.0.1:$port/guarded/items/7")
    [[ $bad == 401 ]] || { echo "error: port $port let a wrong token pass: $bad" >&2; exit 1; }
done
printf 'server\tus a request\tus with the check\tthe check\n'
for _ in $(seq "$rounds"); do
    shoot tollgate "${servers[0]}" 18070
    shoot nginx "$nginx_worker" 18071
    shoot haproxy "${servers[2]}" 18072
done
