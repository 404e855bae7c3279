"""Fetches a token with requests-oauthlib and calls a resource with it; see ../README.md."""

import os
import sys

os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # loopback, without TLS

from oauthlib.oauth2 import BackendApplicationClient
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session


def report(obtained, used, detail):
    print(obtained, used, " ".join(str(detail).split()), sep="\t")


token_url, resource_url, client_id, client_secret, placement = sys.argv[1:]
session = OAuth2Session(client=BackendApplicationClient(client_id=client_id))
try:
    if placement == "header":
        session.fetch_token(token_url, auth=HTTPBasicAuth(client_id, client_secret), timeout=20)
    else:
        session.fetch_token(
            token_url, client_id=client_id, client_secret=client_secret, include_client_id=True, timeout=20
        )
except Exception as error:
    report("no", "no", f"{type(error).__name__}: {error}")
    sys.exit()
try:
    status = session.get(resource_url, timeout=20).status_code
    report("yes", "yes" if status == 200 else "no", status)
except Exception as error:
    report("yes", "no", f"{type(error).__name__}: {error}")
