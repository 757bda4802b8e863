"""`daybook restore`: a backup's files into a data folder that has no database, from which `daybook up` then resumes.

    the folder is ours alone ──► the secrets fit ──► the files are what they were ──► copied beside ──► renamed

Only `postgres` is written. The secrets are there before, and what else is kept there stays as it is: kept audit
checkpoints, above all, are how it is noticed that the log was set back to an older state.
"""

import base64
import os
import shutil
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from daybook import supervised
from daybook.backup import FILES, MANIFEST, Manifest, backups_in, hash_of, verify_files
from daybook.failure import Failure
from daybook.secrets import SECRETS_FILE, read_private
from daybook.settings import LOCK_FILE, Given


def run(given: Given, source: Path) -> None:
    """Restore into `given.data`. Raises Failure, with nothing changed, when it cannot be."""
    if given.database_url is not None:
        raise Failure("DATABASE_URL names a server of your own: its files are restored there (docs/backup.md)")
    backup = _backup(source)
    manifest = Manifest.read(backup)
    files = given.data / "postgres"
    given.data.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    lock = supervised.hold(given.data / LOCK_FILE, "restore")
    if lock is None:
        raise Failure(f"`daybook up` runs on {given.data}: stop it first")
    with lock:
        if files.exists():
            raise Failure(f"there is a database in {files}: move it away, or set another DAYBOOK_DATA")
        _check_secrets(given, manifest)
        verify_files(backup)
        _copy(backup / FILES, files)
    for tenant, head in manifest.heads.items():
        print(f"{tenant}: restored to position {head}, or a little after it")
    print(f"`daybook up` resumes. Who was to be forgotten after {manifest.taken_at} is to be forgotten again.")


def _backup(source: Path) -> Path:
    """The backup that was named, or the latest of a folder of them."""
    if (source / MANIFEST).exists():
        return source
    found = backups_in(source)
    if not found:
        raise Failure(f"there is no backup in {source}")
    return found[-1]


def _check_secrets(given: Given, manifest: Manifest) -> None:
    """Without its master key a log has no names; with another one, the service would make it worse."""
    found = read_private(given.data / SECRETS_FILE)
    keys = [
        key
        for key in (
            *(given.master_key, given.master_key_previous),
            *(found.get("master_key"), found.get("master_key_previous")),
        )
        if key
    ]
    if not keys:
        raise Failure(
            f"a backup is restored beside its secrets: put {SECRETS_FILE} back into {given.data} first, "
            "or set DAYBOOK_SECRET and DAYBOOK_MASTER_KEY"
        )
    if manifest.master_key not in [hash_of(base64.b64decode(key)) for key in keys]:
        raise Failure(
            "the master key is not the one that this backup was made with: put that one into "
            "DAYBOOK_MASTER_KEY_PREVIOUS, or the secrets of then into the data folder"
        )


def _copy(source: Path, files: Path) -> None:
    """Copy beside, and rename when all of it is on the disk: a restore that was cut off leaves no database."""
    draft = files.with_name("postgres.new")
    shutil.rmtree(draft, ignore_errors=True)
    console = Console(stderr=True, highlight=False)
    paths = sorted(source.rglob("*"))
    total = sum(path.stat().st_size for path in paths if path.is_file())
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task("restoring", total=total)

        def copied(origin: str, target: str) -> str:
            shutil.copy2(origin, target)
            progress.advance(bar, os.path.getsize(origin))
            return target

        shutil.copytree(source, draft, copy_function=copied, symlinks=True)
    os.sync()
    draft.rename(files)
    os.sync()
