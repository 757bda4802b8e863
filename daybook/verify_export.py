"""`daybook verify --export`: an export held against its manifest and the seals, with nothing but public keys."""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from daybook.exported import Export
from daybook.failure import Failure
from daybook.finding import Finding
from events.leaf import NotSealable, entry_of
from events.tlog.checkpoint import Checkpoint
from events.tlog.note import InvalidKey, InvalidNote, VerifierKey
from events.tlog.offline import check_entries, opened_checkpoint


def run(folder: Path, keys: Sequence[str]) -> int:
    """Print a line for each check. 0: all hold; 1: some do not. Raises Failure.

    `keys`: verifier keys, of which one must have signed the checkpoint.
    """
    try:
        verifiers = [VerifierKey.parse(key) for key in keys]
    except InvalidKey as error:
        raise Failure(str(error), 2) from None
    export = Export(folder)
    holds = True
    for finding in _findings(export, verifiers):
        verdict = "ok    " if finding.holds else "FAILED"
        print(f"{export.manifest.tenant}  {finding.check:<13}  {verdict}  {finding.found}", flush=True)
        holds = holds and finding.holds
    return 0 if holds else 1


def _findings(export: Export, keys: Sequence[VerifierKey]) -> Iterator[Finding]:
    manifest = export.manifest
    damage = list(export.damage())
    for said in damage:
        yield Finding("files", False, said)
    if not damage:
        yield Finding("files", True, f"{len(manifest.files)} files have the hashes of the manifest")
    if manifest.checkpoint is None:
        yield Finding("seals", False, "the export has no checkpoint: nothing of it was sealed when it was made")
        return
    try:
        checkpoint = opened_checkpoint(manifest.checkpoint, keys)
    except InvalidNote as error:
        yield Finding("seals", False, f"the checkpoint: {error}")
        return
    faults = _faults(export, checkpoint, keys)
    for fault in faults:
        yield Finding("seals", False, fault)
    if not faults:
        later = manifest.last - checkpoint.size
        rest = f"; the {later} after them were not sealed yet" if later else ""
        yield Finding("seals", True, f"{checkpoint.size} events are those that {checkpoint.origin} had sealed{rest}")


def _faults(export: Export, checkpoint: Checkpoint, keys: Sequence[VerifierKey]) -> list[str]:
    tenant = export.manifest.tenant
    entries = (entry_of(tenant, event) for event in islice(export.events(), checkpoint.size))
    try:
        return check_entries(entries, export.manifest.checkpoint or "", keys, export.leaves())
    except (Failure, NotSealable) as error:
        return [str(error)]
