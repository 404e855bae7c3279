"""Fetches a token with Authlib and calls a resource with it; see ../README.md."""

import sys

from authlib.integrations.requests_client import OAuth2Session


def report(obtained, used, detail):
    print(obtained, used, " ".join(str(detail).split()), sep="\t")


token_url, resource_url, client_id, client_secret, placement = sys.argv[1:]
method = {"header": "client_secret_basic", "body": "client_secret_post"}[placement]
session = OAuth2Session(client_id, client_secret, token_endpoint_auth_method=method)
try:
    token = session.fetch_token(token_url, grant_type="client_credentials", timeout=20)
    # An error body in the default shape is returned as if it were a token.
    if "access_token" not in token:
        raise ValueError(f"no access token in {dict(token)}")
except Exception as error:
    report("no", "no", f"{type(error).__name__}: {error}")
    sys.exit()
try:
    status = session.get(resource_url, timeout=20).status_code
    report("yes", "yes" if status == 200 else "no", status)
except Exception as error:
    report("yes", "no", f"{type(error).__name__}: {error}")
