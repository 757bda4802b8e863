"""What an export says of itself: `manifest.json`, and `SHA256SUMS` for the tools that everybody has."""

import os
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from daybook.export_form import Form
from daybook.failure import Failure
from daybook.model_digests import Digest

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
PART = ".part"
"""The end of the name of a file that is not whole yet."""

BLOCK = 100
"""Lines under one short hash, so that a wrong byte can be found among millions of lines."""


class EventsFile(BaseModel):
    """One file of events. `blocks`: of NDJSON, the first 16 hexadecimal digits of the SHA-256 of each BLOCK lines."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    first: int
    last: int
    bytes: int
    sha256: str
    blocks: list[str]

    @property
    def events(self) -> int:
        """How many it has: positions are dense."""
        return self.last - self.first + 1


class LeavesFile(BaseModel):
    """The leaf hashes under the checkpoint, 32 bytes each, one after the other. They are not trusted: they tell which
    event is not the one that was sealed, when the checkpoint tells that one is not."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    sha256: str


class Manifest(BaseModel):
    """An export of one tenant's log, from its first event to `last`; `head` was its end then.

    `sha256` is that of all events' files, one after the other. `checkpoint`: the last signed note under which there is
    nothing but what was exported, if there is one. `digests`: of what is derived from the log, where it had come no
    further than `last`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["daybook-export"] = "daybook-export"
    format_version: Literal[1] = 1
    software: str
    made_at: datetime
    tenant: str
    form: Form
    personal: bool
    first: int
    last: int
    head: int
    types: dict[str, int]
    files: list[EventsFile]
    sha256: str
    checkpoint: str | None
    leaves: LeavesFile | None
    digests: dict[str, Digest]

    @property
    def sums(self) -> dict[str, str]:
        """File name → SHA-256, of all files but the manifest itself."""
        leaves = {} if self.leaves is None else {self.leaves.name: self.leaves.sha256}
        return {file.name: file.sha256 for file in self.files} | leaves


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write both files. The manifest comes last and at once: an export that has one is whole."""
    told = manifest.model_dump_json(indent=2).encode() + b"\n"
    _write(folder / SUMS, "".join(sum_lines(manifest, told)).encode())
    _write(folder / MANIFEST, told)


def sum_lines(manifest: Manifest, told: bytes) -> list[str]:
    """The lines of SHA256SUMS. `told`: the bytes of the manifest's own file."""
    sums = manifest.sums | {MANIFEST: sha256(told).hexdigest()}
    return [f"{digest}  {name}\n" for name, digest in sums.items()]


def read_manifest(folder: Path) -> Manifest:
    """Raises Failure when there is none, or none that this version can read."""
    try:
        return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise Failure(f"{folder} is no export, or one that was cut off: it has no {MANIFEST}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Failure(f"{folder / MANIFEST} cannot be read: {place or 'it'}: {first['msg']}") from None


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(path.name + PART)
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)
