"""Checkpoints (C2SP tlog-checkpoint): the size and the root of a log's tree, as the text of a signed note."""

import base64
import re
from typing import NamedTuple

from events.tlog.merkle import HASH_BYTES
from events.tlog.note import InvalidNote

_TEXT = re.compile(r"([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n")


class Checkpoint(NamedTuple):
    """A tree's head. `origin` names the log."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """From the text of a note. Lines after the third are extensions, and say nothing here. Raises InvalidNote."""
        found = _TEXT.match(text)
        if found is None:
            raise InvalidNote("this note is not a checkpoint")
        origin, size, encoded = found.groups()
        root = base64.b64decode(encoded)
        if len(root) != HASH_BYTES or base64.b64encode(root).decode() != encoded:
            raise InvalidNote("this note is not a checkpoint")
        return cls(origin, int(size), root)
