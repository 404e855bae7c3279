"""Goes through the authorization code grant with Authlib: exchange, refresh, revocation; see ../README.md."""

import sys
from urllib.parse import parse_qsl, urlsplit

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

oauth_url, resource_url, client_id, client_secret, placement, step = sys.argv[1:]
method = {"header": "client_secret_basic", "body": "client_secret_post"}[placement]
session = OAuth2Session(
    client_id,
    client_secret,
    scope="notes",
    redirect_uri="https://desk.example/back",
    code_challenge_method="S256",
    token_endpoint_auth_method=method,
    revocation_endpoint_auth_method=method,
)
verifier = generate_token(48)


def report(obtained, used, detail):
    print(obtained, used, " ".join(str(detail).split()), sep="\t")


def let_in():
    """Sends the user off and has the login service agree; where the user comes back to."""
    url, session.state = session.create_authorization_url(f"{oauth_url}/authorize", code_verifier=verifier)
    form = dict(parse_qsl(urlsplit(url).query), user="ada")
    answer = requests.post(f"{oauth_url}/authorize", data=form, allow_redirects=False, timeout=20)
    if answer.status_code != 302:
        raise RuntimeError(f"the login service got {answer.status_code}: {answer.text}")
    return answer.headers["Location"]


def exchange(back, **changed):
    asked = {"authorization_response": back, "code_verifier": verifier, **changed}
    # What is None is not sent.
    return session.fetch_token(f"{oauth_url}/token", timeout=20, **asked)


def refresh(token):
    return session.refresh_token(f"{oauth_url}/token", refresh_token=token["refresh_token"], timeout=20)


def revoke(token, hint=None):
    session.revoke_token(f"{oauth_url}/revoke", token=token, token_type_hint=hint, timeout=20).raise_for_status()


def code_twice(back):
    exchange(back)
    return exchange(back)


def refresh_once(back):
    old = dict(exchange(back))
    token = refresh(old)
    for name in ("access_token", "refresh_token"):
        if token[name] == old[name]:
            raise RuntimeError(f"the {name} is the old one")
    return token


def refresh_twice(back):
    old = dict(exchange(back))
    refresh(old)
    return refresh(old)


def revoked(back, name="access_token", hint=None):
    token = exchange(back)
    revoke(token[name], hint)
    return token


def revoked_unknown(back):
    revoke("unknown")
    return exchange(back)


steps = {
    "code": exchange,
    "code-twice": code_twice,
    "wrong-verifier": lambda back: exchange(back, code_verifier=generate_token(48)),
    "no-verifier": lambda back: exchange(back, code_verifier=None),
    "wrong-redirect-uri": lambda back: exchange(back, redirect_uri="https://desk.example/other"),
    "refresh": refresh_once,
    "refresh-twice": refresh_twice,
    "revoked": revoked,
    "revoked-with-refresh-token": lambda back: revoked(back, "refresh_token", "refresh_token"),
    "refresh-revoked": lambda back: refresh(revoked(back, "refresh_token", "refresh_token")),
    "refresh-revoked-without-hint": lambda back: refresh(revoked(back, "refresh_token")),
    "revoked-unknown": revoked_unknown,
}
back = let_in()
try:
    token = steps[step](back)
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
