#!/usr/bin/env bash
# Fetches a token with curl and calls a resource with it; see ../README.md.
set -euo pipefail

token_url=$1 resource_url=$2 client_id=$3 client_secret=$4 placement=$5

case $placement in
    header) credentials=(--user "$client_id:$client_secret") ;;
    body) credentials=(--data-urlencode "client_id=$client_id" --data-urlencode "client_secret=$client_secret") ;;
esac
answer=$(curl -s --max-time 20 -w '\n%{http_code}' -d grant_type=client_credentials "${credentials[@]}" "$token_url")
token=$(sed -n 's/.*"access_token" *: *"\([^"]*\)".*/\1/p' <<<"$answer")
if [[ $(tail -n 1 <<<"$answer") != 200 || -z $token ]]; then
    printf 'no\tno\t%s\n' "${answer//$'\n'/ }"
    exit
fi
status=$(curl -s --max-time 20 -o /dev/null -w '%{http_code}' -H "Authorization: Bearer $token" "$resource_url")
if [[ $status == 200 ]]; then used=yes; else used=no; fi
printf 'yes\t%s\t%s\n' "$used" "$status"
