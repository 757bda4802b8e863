"""Receipts (C2SP tlog-proof): an entry, the proof that it is in the log, and the checkpoint it is in, in one text."""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import HASH_BYTES, InvalidProof, leaf_hash, verify_inclusion
from events.tlog.note import InvalidNote, Note, VerifierKey

_FIRST_LINE = "c2sp.org/tlog-proof@v1"
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})")


class InvalidReceipt(Exception):
    """A receipt that proves nothing: it says why."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt. `entry`: the entry itself, carried as the format's extra data; `note`: the signed checkpoint."""

    entry: bytes
    index: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """The receipt as it is kept."""
        hashes = "".join(f"{_base64(step)}\n" for step in self.proof)
        return f"{_FIRST_LINE}\nextra {_base64(self.entry)}\nindex {self.index}\n{hashes}\n{self.note}"

    @classmethod
    def parse(cls, text: str) -> "Receipt":
        """Raises InvalidReceipt. Nothing is verified yet."""
        head, separator, note = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != _FIRST_LINE or not separator or len(lines) < 2 or not lines[0].startswith("extra "):
            raise InvalidReceipt("this is not a receipt of this kind")
        index = _INDEX.fullmatch(lines[1])
        proof = tuple(_decoded(line) for line in lines[2:])
        if index is None or any(len(step) != HASH_BYTES for step in proof):
            raise InvalidReceipt("this is not a receipt of this kind")
        return cls(_decoded(lines[0].removeprefix("extra ")), int(index[1]), proof, note)

    def verify(self, keys: Iterable[VerifierKey]) -> Checkpoint:
        """The checkpoint that the entry is in, which one of these keys has signed. Raises InvalidReceipt."""
        try:
            note = Note.parse(self.note)
            note.require(keys)
            checkpoint = Checkpoint.parse(note.text)
            verify_inclusion(leaf_hash(self.entry), self.index, checkpoint.size, self.proof, checkpoint.root)
        except (InvalidNote, InvalidProof) as error:
            raise InvalidReceipt(str(error)) from None
        return checkpoint


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidReceipt("this is not a receipt of this kind") from None
    if _base64(content) != text:
        raise InvalidReceipt("this is not a receipt of this kind")
    return content
