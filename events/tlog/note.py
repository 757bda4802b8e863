"""Signed notes and their keys (C2SP signed-note, tlog-cosignature v1).

A note is a text, an empty line, and a line for each signature. A key has a name and an id of four bytes, by which a
verifier knows which signatures are by keys it knows; the others say nothing.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE_V1 = 0x04

_KEY_BYTES = 32
_ID_BYTES = 4
_TIME_BYTES = 8
_DASH = "\N{EM DASH} "
_NAME = re.compile(r"[^\s+]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_MOST_SIGNATURES = 64


class InvalidNote(Exception):
    """A text that is no signed note, or one whose signatures do not hold."""


class InvalidKey(ValueError):
    """A text that is no verifier key."""


class Signature(NamedTuple):
    """A signature line: `blob` is what follows the key's id."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line, with its newline."""
        return f"{_DASH}{self.name} {_base64(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name; `kind` says what it signs: ED25519 notes, or COSIGNATURE_V1 as a witness."""

    name: str
    kind: int
    public: bytes

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """From `<name>+<id in hex>+<base64 of kind and key>`. Raises InvalidKey."""
        name, _, rest = text.strip().partition("+")
        key_id, _, encoded = rest.partition("+")
        try:
            content = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidKey("a verifier key ends in base64") from None
        if not _NAME.fullmatch(name) or len(content) != 1 + _KEY_BYTES:
            raise InvalidKey("a verifier key is <name>+<id>+<base64 of a key>")
        key = cls(name, content[0], content[1:])
        if key.kind not in (ED25519, COSIGNATURE_V1):
            raise InvalidKey("only Ed25519 keys are known here")
        if key.key_id.hex() != key_id:
            raise InvalidKey("the key's id is not that of the key")
        return key

    @property
    def key_id(self) -> bytes:
        """The first four bytes of the SHA-256 of name, kind and key."""
        return sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{_base64(bytes([self.kind]) + self.public)}"

    def verify(self, text: str, signature: Signature) -> None:
        """Whether a signature by this key holds for a text. Raises InvalidNote."""
        signed, proof = text.encode(), signature.blob
        if self.kind == COSIGNATURE_V1:
            moment, proof = int.from_bytes(proof[:_TIME_BYTES], "big"), proof[_TIME_BYTES:]
            signed = b"cosignature/v1\ntime %d\n" % moment + signed
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(proof, signed)
        except InvalidSignature:
            raise InvalidNote(f"a signature by {self.name} does not hold") from None


class SigningKey:
    """A private Ed25519 key under a name."""

    def __init__(self, name: str, seed: bytes) -> None:
        """`seed`: the 32 bytes of RFC 8032. Raises ValueError for a name that no key may have."""
        if not _NAME.fullmatch(name):
            raise ValueError("a key's name has neither spaces nor plus signs")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.verifier = VerifierKey(name, ED25519, self._key.public_key().public_bytes_raw())

    def sign(self, text: str) -> str:
        """The text as a signed note. It ends in a newline."""
        signature = Signature(self.verifier.name, self.verifier.key_id, self._key.sign(text.encode()))
        return f"{text}\n{signature.line()}"


class Note(NamedTuple):
    """A note taken apart. Nothing is verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    @classmethod
    def parse(cls, note: str) -> "Note":
        """Raises InvalidNote."""
        text, separator, lines = note.rpartition("\n\n")
        if not separator or not lines.endswith("\n") or _CONTROL.search(note):
            raise InvalidNote("this is not a signed note")
        split_lines = lines[:-1].split("\n")
        if len(split_lines) > _MOST_SIGNATURES:
            raise InvalidNote("this note has too many signatures")
        return cls(text + "\n", tuple(_signature(line) for line in split_lines))

    def verified_by(self, keys: Iterable[VerifierKey]) -> list[VerifierKey]:
        """Those of the keys that signed it. Raises InvalidNote when a signature by one of them does not hold."""
        known = {(key.name, key.key_id): key for key in keys}
        signers = []
        for signature in self.signatures:
            key = known.get((signature.name, signature.key_id))
            if key is not None:
                key.verify(self.text, signature)
                signers.append(key)
        return signers

    def require(self, keys: Iterable[VerifierKey]) -> None:
        """Raises InvalidNote unless one of the keys signed it, and no signature by one of them is bad."""
        if not self.verified_by(keys):
            raise InvalidNote("no key that is known here has signed this note")


def _signature(line: str) -> Signature:
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    # What decodes may still be no canonical base64: one signature has one line.
    if not line.startswith(_DASH) or not _NAME.fullmatch(name) or _base64(content) != encoded:
        raise InvalidNote("a signature line is not one")
    if len(content) <= _ID_BYTES:
        raise InvalidNote("a signature is too short")
    return Signature(name, content[:_ID_BYTES], content[_ID_BYTES:])


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
