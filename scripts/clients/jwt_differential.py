"""Judges tokens with joserfc and compares its verdicts with Tollgate's; see README.md.

Usage: jwt_differential.py FILE, which tests/it/differential.rs wrote: a line of JSON about the profiles, then for each
token the number of its profile, the fault it has for Tollgate (or nothing), and itself as a JSON string.
"""

import base64
import collections
import json
import sys
import warnings

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry
from joserfc.registry import HeaderParameter


class Profile:
    """joserfc, configured as the policy is."""

    def __init__(self, entry, about):
        self.name = entry["name"]
        self.algorithms = entry["algorithms"]
        kind = {"HS": OctKey, "RS": RSAKey, "PS": RSAKey, "ES": ECKey, "Ed": OKPKey}[self.algorithms[0][:2]]
        self.key = kind.import_key(entry["key"])
        # What is not understood is ignored (RFC 7515 section 4.2), unless it is critical.
        known = {"x-known": HeaderParameter("known to the policy", lambda _: None)} if entry["knows"] else {}
        self.registry = JWSRegistry(known, self.algorithms, strict_check_header=False)
        options = {}
        if entry["demands"]:
            options = {
                "iss": {"essential": True, "value": about["issuer"]},
                "sub": {"essential": True, "value": about["subject"]},
                "aud": {"essential": True, "value": about["audience"]},
                "exp": {"essential": True},
            }
        self.claims = JWTClaimsRegistry(now=about["now"], leeway=entry["allowance"], **options)

    def judge(self, token):
        """The name of the error, or nothing."""
        try:
            self.claims.validate(jwt.decode(token, self.key, self.algorithms, self.registry).claims)
        except Exception as error:  # whatever it is, the token is not accepted
            return type(error).__name__
        return ""


class Part:
    """What a part of a token says, read as kindly as can be; the last of members of one name counts."""

    def __init__(self, text):
        self.value, self.twice, self.depth, self.bytes = None, False, 0, b""
        try:
            self.bytes = base64.b64decode(text + "=" * (-len(text) % 4), b"-_")
            self.value = json.loads(self.bytes, object_pairs_hook=self.pairs)
            self.depth = depth(self.bytes)
        except (ValueError, RecursionError):
            pass

    def pairs(self, pairs):
        names = [name for name, _ in pairs]
        self.twice |= len(set(names)) < len(names)
        return dict(pairs)

    def get(self, name, default=None):
        return self.value.get(name, default) if isinstance(self.value, dict) else default

    def texts(self):
        """All texts in it, names included."""
        return [value for value in everything(self.value) if isinstance(value, str)]

    def numbers(self):
        return [value for value in everything(self.value) if type(value) in (int, float)]


def everything(value):
    """A value, and whatever is in it."""
    todo = [value]
    while todo:
        value = todo.pop()
        yield value
        if isinstance(value, list):
            todo.extend(value)
        elif isinstance(value, dict):
            todo.extend(value.keys())
            todo.extend(value.values())


def depth(text):
    deepest = now = 0
    inside = escaped = False
    for byte in text:
        if escaped:
            escaped = False
        elif inside and byte == 0x5C:
            escaped = True
        elif byte == 0x22:
            inside = not inside
        elif not inside and byte in b"[{":
            now += 1
            deepest = max(deepest, now)
        elif not inside and byte in b"]}":
            now -= 1
    return deepest


class Case:
    """A disagreement."""

    def __init__(self, profile, token, fault, error):
        self.profile, self.token, self.fault, self.error = profile, token, fault, error
        parts = token.strip().split(".")
        self.header, self.payload = (Part(part) for part in parts[:2]) if len(parts) == 3 else (Part(""), Part(""))

    def parts(self):
        return self.header, self.payload


TOLLGATE, JOSERFC = "Tollgate", "joserfc"


class Rule:
    """A kind of disagreement that is understood: who refuses, what for, which tokens, and whose word it is."""

    def __init__(self, name, stricter, says, holds, because):
        self.name, self.stricter, self.says, self.holds, self.because = name, stricter, says, holds, because

    def explains(self, case):
        said = case.fault if self.stricter == TOLLGATE else case.error
        return said == self.says and self.holds(case)


def is_utf8(part):
    try:
        part.bytes.decode("utf-8")
    except UnicodeDecodeError:
        return False
    # JSON has no zero bytes, and UTF-16 has one in each character of ASCII.
    return b"\0" not in part.bytes and not part.bytes.startswith(b"\xef\xbb\xbf")


def has_half_a_pair(part):
    return any(0xD800 <= ord(character) < 0xE000 for text in part.texts() for character in text)


def has_wrong_key_header(header):
    """Whether a header that names a key is none to joserfc, which looks closer than RFC 7515 asks for."""
    value = header.get
    return (
        any(name in header.value and not isinstance(value(name), str) for name in ("x5t", "x5t#S256"))
        or any(name in header.value and not str(value(name)).startswith("https://") for name in ("jku", "x5u"))
        or ("jwk" in header.value and not isinstance(value("jwk"), dict))
        or ("x5c" in header.value and not is_texts(value("x5c")))
    )


def is_texts(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


# The first rule that holds counts.
RULES = [
    Rule(
        "EdDSA is no algorithm of the policy",
        TOLLGATE,
        "AlgorithmMismatch",
        lambda case: case.profile.algorithms == ["EdDSA"] and case.header.get("alg") == "EdDSA",
        "neither vendor's page of VerifyJWT lists it under Algorithm",
    ),
    Rule(
        "a critical header is one of the RFC",
        TOLLGATE,
        "UnhandledCriticalHeader",
        lambda case: any(name in ("alg", "b64") for name in case.header.get("crit", [])),
        "RFC 7515 section 4.1.11: no producer may name those, and KnownHeaders of the policy does not; joserfc knows them",
    ),
    Rule(
        "an RSA signature is shorter than its key",
        TOLLGATE,
        "InvalidToken",
        lambda case: case.header.get("alg", "").startswith("PS") and len(Part(case.token.split(".")[2]).bytes) < 256,
        "RFC 8017 section 8.1.2 step 1; OpenSSL, which joserfc asks, adds the leading zero to those of PSS",
    ),
    Rule(
        "crit names no header",
        TOLLGATE,
        "UnhandledCriticalHeader",
        lambda case: case.header.get("crit") == [],
        "RFC 7515 section 4.1.11: an empty list must not be; joserfc looks at what it names only",
    ),
    Rule(
        "a member occurs twice",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: any(part.twice for part in case.parts()),
        "RFC 7515 section 4 and RFC 7519 section 4 allow to refuse it; Python takes the last",
    ),
    Rule(
        "the text is not UTF-8, or has a byte order mark",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: not all(is_utf8(part) for part in case.parts()),
        "RFC 7519 section 7.2 steps 4 and 10, RFC 8259 section 8.1; Python guesses UTF-16, and lets surrogates pass",
    ),
    Rule(
        "a number is none",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: any(constant in part.bytes for part in case.parts() for constant in (b":NaN", b":Inf", b":-Inf")),
        "RFC 8259 section 6: NaN and Infinity are not permitted; Python reads them",
    ),
    Rule(
        "a number is too large",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: any(abs(value) > sys.float_info.max for part in case.parts() for value in part.numbers()),
        "RFC 8259 section 6 allows a limit; to Python it is infinite, or as long as it is written",
    ),
    Rule(
        "a text has half of a pair of surrogates",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: any(has_half_a_pair(part) for part in case.parts()),
        "RFC 8259 section 8.2 calls its behaviour unpredictable; Python keeps it",
    ),
    Rule(
        "claims are nested deeper than 64",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: case.payload.depth > 65,
        "RFC 8259 section 9 allows a limit; Python's is its stack",
    ),
    Rule(
        "a header is nested deeper than 127",
        TOLLGATE,
        "InvalidJsonFormat",
        lambda case: case.header.depth > 127,
        "RFC 8259 section 9 allows a limit; Python's is its stack",
    ),
    Rule(
        "white space stands before the token",
        JOSERFC,
        "DecodeError",
        lambda case: case.token.lstrip() != case.token,
        "a variable may be a text of several lines, so VerifyJWT trims it; inside of the token it refuses it too",
    ),
    Rule(
        "white space stands behind the token",
        JOSERFC,
        "BadSignatureError",
        lambda case: case.token.rstrip() != case.token,
        "a variable may be a text of several lines, so VerifyJWT trims it; inside of the token it refuses it too",
    ),
    Rule(
        "the token ends this moment",
        JOSERFC,
        "ExpiredTokenError",
        lambda case: json.loads(case.payload.bytes).get("exp") == case.profile.claims.now - case.profile.claims.leeway,
        "RFC 7519 section 4.1.4 ends it on exp; VerifyJWT as the vendors have it looks for an exp that has passed",
    ),
    Rule(
        "the header is longer than 512 bytes",
        JOSERFC,
        "ExceededSizeError",
        lambda case: len(case.token.split(".")[0]) > 512,
        "a limit of joserfc; Limits::jose_bytes is one for the token as a whole",
    ),
    Rule(
        "the payload is longer than 128 000 bytes",
        JOSERFC,
        "ExceededSizeError",
        lambda case: len(case.token.split(".")[1]) > 128_000,
        "a limit of joserfc; Limits::jose_bytes is one for the token as a whole",
    ),
    Rule(
        "a header that names a key is none",
        JOSERFC,
        "InvalidHeaderValueError",
        lambda case: has_wrong_key_header(case.header),
        "RFC 8725 section 3.10: they are not believed; Tollgate ignores them whatever they are, joserfc reads them",
    ),
]


def main(path):
    verdicts, fired, unexplained = collections.Counter(), collections.Counter(), []
    with open(path, encoding="utf-8", newline="\n") as lines:
        about = json.loads(next(lines))
        profiles = [Profile(entry, about) for entry in about["profiles"]]
        for line in lines:
            number, fault, token = line.rstrip("\n").split("\t")
            profile, token = profiles[int(number)], json.loads(token)
            error = profile.judge(token)
            verdicts[bool(fault), bool(error)] += 1
            if bool(fault) == bool(error):
                continue
            case = Case(profile, token, fault, error)
            rule = next((rule for rule in RULES if rule.explains(case)), None)
            if rule:
                fired[rule.name] += 1
            else:
                unexplained.append(case)
    accepted, refused = verdicts[False, False], verdicts[True, True]
    print(f"{sum(verdicts.values())} tokens: both accept {accepted}, both refuse {refused}. Disagreements, by rule:")
    for rule in RULES:
        print(f"{fired[rule.name]:6} only {rule.stricter} refuses, for {rule.says}: {rule.name} ({rule.because})")
    for case in unexplained[:40]:
        who = f"Tollgate for {case.fault}" if case.fault else f"joserfc for {case.error}"
        print(f"only {who} refuses, by {case.profile.name}: {case.token[:2000]}", file=sys.stderr)
    idle = [rule.name for rule in RULES if not fired[rule.name]]
    if unexplained or idle or not accepted:
        sys.exit(f"error: {len(unexplained)} disagreements without a rule, rules that nothing needs: {idle}")


if __name__ == "__main__":
    # joserfc warns of EdDSA each time that it is named so.
    warnings.simplefilter("ignore")
    main(sys.argv[1])
