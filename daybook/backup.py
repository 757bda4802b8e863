"""`daybook backup`: the whole database by PostgreSQL's own pg_basebackup, while the service works.

A backup is a folder `daybook-<time>`: the server's files with the WAL that makes them whole, and `backup.json`. It gets
its name when it is complete and verified. The secrets are not in it: whoever has both can read who was forgotten since.
"""

import asyncio
import json
import os
import shutil
from base64 import b64encode
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Self

import asyncpg

from daybook.embedded.programs import run_program
from daybook.failure import Failure
from daybook.settings import Settings
from events.codec import rfc3339

MANIFEST = "backup.json"
FILES = "postgres"
FORMAT = 1

_NAME = "daybook-%Y%m%dT%H%M%SZ"
_DRAFT_DAYS = 1


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup is of. `heads`: tenant → the position that its log had reached when the backup began; it holds at
    least that. `master_key`: a hash of the key that is needed with it."""

    format: int
    daybook: str
    postgres: str
    taken_at: str
    heads: dict[str, int]
    master_key: str

    @classmethod
    def read(cls, backup: Path) -> Self:
        """Of a backup. Raises Failure when it is none, or of a later format."""
        try:
            content = json.loads((backup / MANIFEST).read_text(encoding="utf-8"))
            manifest = cls(**content)
        except FileNotFoundError:
            raise Failure(f"{backup} is no backup: it has no {MANIFEST}") from None
        except (ValueError, TypeError) as error:
            raise Failure(f"{backup / MANIFEST} is damaged, or of a later version") from error
        if manifest.format != FORMAT:
            raise Failure(f"{backup} was made by another version of Daybook ({manifest.daybook})")
        return manifest

    @property
    def moment(self) -> datetime:
        """When it was begun."""
        return datetime.fromisoformat(self.taken_at)


def run(settings: Settings, folder: Path, *, prune: bool) -> Path:
    """Make a backup in `folder`; answers its path. Raises Failure.

    `prune`: afterwards delete those that are older than `backup_keep_days`, but never the latest.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    begun = datetime.now(UTC)
    backup = folder / begun.strftime(_NAME)
    draft = folder / f".{backup.name}.{os.getpid()}"
    draft.mkdir(mode=0o700)
    try:
        manifest = _manifest(settings, begun)
        run_program(
            "pg_basebackup",
            *("-d", settings.database_owner_url, "-D", str(draft / FILES), "--no-password"),
            *("--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256", "--progress"),
            progress=True,
        )
        verify_files(draft)
        _write(draft / MANIFEST, json.dumps(asdict(manifest), indent=1))
        draft.rename(backup)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    _sync(folder)
    if prune:
        prune_backups(folder, begun, timedelta(days=settings.backup_keep_days))
    return backup


def verify_files(backup: Path) -> None:
    """Hold the files against PostgreSQL's manifest, and the WAL against itself. Raises Failure."""
    run_program("pg_verifybackup", "--exit-on-error", "--progress", str(backup / FILES), progress=True)


def backups_in(folder: Path) -> list[Path]:
    """The complete backups in a folder, the oldest first."""
    return sorted(path for path in folder.glob("daybook-*") if (path / MANIFEST).is_file())


def hash_of(master_key: bytes) -> str:
    """A master key as a backup names it; it cannot be told from that."""
    return b64encode(blake2b(master_key, digest_size=12, person=b"daybook-backup").digest()).decode()


def _manifest(settings: Settings, begun: datetime) -> Manifest:
    heads, postgres = asyncio.run(_asked(settings.database_owner_url))
    return Manifest(
        format=FORMAT,
        daybook=version("daybook"),
        postgres=postgres,
        taken_at=rfc3339(begun),
        heads=heads,
        master_key=hash_of(settings.master_key),
    )


async def _asked(url: str) -> tuple[dict[str, int], str]:
    """The heads of all tenants, and the server's version."""
    connection = await asyncpg.connect(url, timeout=5.0)
    try:
        rows = await connection.fetch("SELECT tenant_id, position FROM log_heads ORDER BY tenant_id")
        return {row["tenant_id"]: row["position"] for row in rows}, await connection.fetchval("SHOW server_version")
    finally:
        await connection.close()


def prune_backups(folder: Path, now: datetime, keep: timedelta) -> None:
    """Delete backups that are older, but never the latest; and what backups that were killed have left."""
    for backup in backups_in(folder)[:-1]:
        if Manifest.read(backup).moment < now - keep:
            shutil.rmtree(backup)
            print(f"deleted {backup.name}, which was older than {keep.days} days")
    for draft in folder.glob(".daybook-*"):
        if datetime.fromtimestamp(draft.stat().st_mtime, UTC) < now - timedelta(days=_DRAFT_DAYS):
            shutil.rmtree(draft)


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
