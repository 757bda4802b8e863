"""Signatures of webhooks, as Standard Webhooks 1.0 has them.

    webhook-id: evt_1            the same at each try, so that the receiver can tell a repeat
    webhook-timestamp: 17…       seconds since 1970, of this try
    webhook-signature: v1,…      base64 of HMAC-SHA256 over "id.timestamp.body"; several stand side by side

A secret is written `whsec_` and 24 to 64 bytes in base64. While one is being replaced, both are good.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from hmac import compare_digest, digest

TOLERANCE_SECONDS = 300
"""How far a timestamp may be from now, before and after: what is older could be a recording."""

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_TIMESTAMP = re.compile(r"[0-9]{1,12}")


class BadSignature(Exception):
    """Not signed with any of the secrets, or not lately. The text says why, without what was sent."""


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The `webhook-signature` of a message. Raises ValueError when the secret is none."""
    # With full stops in it, the same signature would hold for another id and timestamp.
    if "." in message_id:
        raise ValueError("a message's id has no full stop in it")
    return _signature(secret_key(secret), message_id, str(timestamp), body)


def verify(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: float) -> None:
    """Return when a message is signed with one of the secrets. Raises BadSignature.

    `headers`: by lower-case name. `now`: seconds since 1970. Raises ValueError when a secret is none.
    """
    try:
        message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
        given = [one.encode() for one in headers["webhook-signature"].split(" ")]
    except KeyError as missing:
        raise BadSignature(f"there is no header {missing.args[0]}") from None
    if not message_id or "." in message_id:
        raise BadSignature("webhook-id makes no sense")
    if not _TIMESTAMP.fullmatch(timestamp):
        raise BadSignature("webhook-timestamp is not in seconds")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise BadSignature("webhook-timestamp is too far from now")
    keys = [secret_key(secret) for secret in secrets]
    expected = [_signature(key, message_id, timestamp, body).encode() for key in keys]
    # All pairs, whatever the first ones say: how long it takes tells nothing.
    if not sum(compare_digest(ours, theirs) for ours in expected for theirs in given):
        raise BadSignature("no signature fits")


def secret_key(secret: str) -> bytes:
    """The key in a secret. Raises ValueError, without the secret, when it is none."""
    try:
        key = b64decode(secret.removeprefix(_PREFIX), validate=True)
    except ValueError:
        key = b""
    if not secret.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise ValueError(f"a webhook secret is {_PREFIX} and 24 to 64 bytes in base64")
    return key


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return "v1," + b64encode(digest(key, signed, "sha256")).decode()
