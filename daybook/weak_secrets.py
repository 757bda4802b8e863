"""Secrets that are none: too short is told by the settings; here, what was left as it stood in an example, or typed."""

import math
import re
from collections import Counter
from itertools import pairwise

LEAST_BITS = 96

_PLACEHOLDER = re.compile(
    r"change.?(me|this)|your.?(secret|key)|super.?secret|insecure|placeholder|example|password|default|letmein|qwerty",
    re.IGNORECASE,
)


def weakness(secret: str | bytes) -> str | None:
    """Why a secret is no good, in words without the secret; None where nothing speaks against it."""
    if isinstance(secret, str) and _PLACEHOLDER.search(secret):
        return "is a placeholder or a well-known word"
    codes = secret.encode() if isinstance(secret, str) else secret
    if codes in (codes + codes)[1:-1]:
        return "repeats itself"
    if len({after - before for before, after in pairwise(codes)}) <= 1:
        return "is a row of neighbours"
    bits = -sum(times * math.log2(times / len(codes)) for times in Counter(codes).values())
    return None if bits >= LEAST_BITS else "is too easily guessed"
