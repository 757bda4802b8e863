"""Words by which orders are found: how a text falls into words, alike where they are kept and where they are asked for.

Case, accents and width make no difference (Unicode NFKD without combining marks, case-folded), nor does what stands
within a word beside letters and digits: `N-102 48` is the words `n102` and `48`, and `O'Hara` is `ohara`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from unicodedata import category, normalize

LONGEST = 64
"""Characters of a word that count."""

HIGHEST = "\U0010ffff"
"""Comes after every character that a word can have."""

_PARTS = re.compile(r"[^\W_]+")


@lru_cache(maxsize=8_192)
def words_of(text: str) -> frozenset[str]:
    """The words of a name or a title: what stands between blanks, and its parts, where it has several.

    `Jean-Luc O'Hara` is found by `jeanluc`, `jean`, `luc`, `ohara` and `hara`.
    """
    found = set()
    for term in _plain(text).split():
        parts = _PARTS.findall(term)
        found.add("".join(parts)[:LONGEST])
        found.update(part[:LONGEST] for part in parts if len(part) > 1)
    return frozenset(found - {""})


def word_of(text: str) -> str:
    """The one word of a number, a SKU or a mail address; "" where it has neither letters nor digits."""
    return "".join(_PARTS.findall(_plain(text)))[:LONGEST]


def mail_words(address: str) -> Iterable[str]:
    """The words of a mail address: the whole, and what stands before the @."""
    return word_of(address), word_of(address.rpartition("@")[0])


def _plain(text: str) -> str:
    if text.isascii():
        return text.lower()
    decomposed = normalize("NFKD", text)
    return "".join(one for one in decomposed if category(one) != "Mn").casefold()
