"""Entries held against a signed checkpoint, with nothing but public keys: no database, no network."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest

from events.tlog.checkpoint import Checkpoint
from events.tlog.merkle import leaf_hash, root_of
from events.tlog.note import InvalidNote, Note, VerifierKey


def opened_checkpoint(note: str, keys: Iterable[VerifierKey]) -> Checkpoint:
    """The checkpoint in a note that one of these keys has signed. Raises InvalidNote."""
    parsed = Note.parse(note)
    parsed.require(keys)
    return Checkpoint.parse(parsed.text)


def check_entries(
    entries: Iterable[bytes],
    note: str,
    keys: Iterable[VerifierKey],
    leaves: Iterable[bytes] | None = None,
) -> list[str]:
    """What is wrong, in words; nothing when these are all entries under the checkpoint, and no others, in their order.

    `entries`: from position 1; they are read once, and none is kept. `leaves`: the leaf hashes of the tree, from its
    tiles at level 0. They are not trusted; but with them the first position that differs is named.
    """
    try:
        checkpoint = opened_checkpoint(note, keys)
    except InvalidNote as error:
        return [f"the checkpoint: {error}"]
    count = 0
    faults: list[str] = []

    def hashed() -> Iterator[bytes]:
        nonlocal count
        known = () if leaves is None else leaves
        for entry, leaf in zip_longest(entries, known):
            if entry is None:
                return
            count += 1
            computed = leaf_hash(entry)
            if leaf is not None and leaf != computed and not faults:
                faults.append(f"position {count} is not what was sealed")
            yield computed

    root = root_of(hashed())
    if count != checkpoint.size:
        faults.append(f"there are {count} entries, and {checkpoint.size} were sealed")
    if root != checkpoint.root and not faults:
        faults.append(f"the {count} entries are not those that were sealed")
    return faults
