"""`daybook export`: one tenant's log as files, with all that somebody needs to check them without this service.

one snapshot: head, counts, digests ──► the read is recorded ──► files, page by page ──► manifest, last
"""

import asyncio
import getpass
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import asyncpg
import uvloop
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from daybook.export_files import Target, write_file
from daybook.export_form import Form
from daybook.export_seals import LEAVES, Seal, seal_on, write_leaves
from daybook.failure import Failure
from daybook.manifest import MANIFEST, PART, SUMS, EventsFile, Manifest, write_manifest
from daybook.model_digests import READ_MODELS, SQL, STOCK, Digest, digest
from daybook.replay import SQL as VERIFY
from daybook.settings import Settings
from events.codec import Codec
from events.log.connect import APP_ROLE, create_pool
from events.log.reader import LogReader
from events.log.tenants import all_tenants
from events.personal import Keyring
from queries.history_reads import HistoryRead, record_read
from queries.selection import Selection

EVENTS_PER_FILE = 1_000_000
INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. `reason`: why, asked for where personal data is opened. `until`: a position; None is the head."""

    folder: Path
    tenant: str
    form: Form
    personal: bool = False
    reason: str | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class _View:
    """What one snapshot of the database says of a log and of what is derived from it."""

    head: int
    last: int
    types: dict[str, int]
    digests: dict[str, Digest]
    seal: Seal | None


def run(settings: Settings, wanted: Wanted) -> int:
    """Export. 0: all of it is there; 130: interrupted, and nothing is there. Raises Failure and OSError."""
    _make_way(wanted.folder)
    console = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    try:
        with _progress(console) as progress:
            manifest = uvloop.run(_export(settings, wanted, progress))
    except KeyboardInterrupt:
        console.print("interrupted: nothing was exported")
        return INTERRUPTED
    size = sum(file.bytes for file in manifest.files)
    print(
        f"{manifest.last} events of {manifest.tenant} in {len(manifest.files)} files, {size:,} bytes: {wanted.folder}"
    )
    return 0


def _make_way(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Failure(f"{folder} is there, and is not an empty folder: nothing was exported", 2)
    folder.mkdir(parents=True, exist_ok=True)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed} events"),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


async def _export(settings: Settings, wanted: Wanted, progress: Progress) -> Manifest:
    pool = await create_pool(settings.database_url, "daybook export", max_size=2)
    try:
        if wanted.tenant not in await all_tenants(pool):
            raise Failure(f"there is no tenant {wanted.tenant!r}", 2)
        async with _snapshot(settings.database_url) as connection:
            view = await _look(connection, wanted)
        await record_read(pool, wanted.tenant, _as_read(wanted, view))
        codec = Codec(Keyring(pool, wanted.tenant, settings.master_keys)) if wanted.personal else None
        return await _write(pool, codec, wanted, view, progress)
    finally:
        await pool.close()


@asynccontextmanager
async def _snapshot(url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(
        url, timeout=5.0, server_settings={"role": APP_ROLE, "application_name": "daybook export", "jit": "off"}
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


async def _look(connection: asyncpg.Connection, wanted: Wanted) -> _View:
    tenant = wanted.tenant
    head = await LogReader(connection, tenant).head()
    if wanted.until is not None and wanted.until > head:
        raise Failure(f"the log of {tenant} ends at position {head}", 2)
    last = head if wanted.until is None else wanted.until
    types = {row["event_type"]: row["events"] for row in await connection.fetch(SQL.types, tenant, last)}
    reached = {row["projection"]: row["position"] for row in await connection.fetch(VERIFY.checkpoints, tenant)}
    reached = {name: reached.get(name, 0) for name in READ_MODELS} | {STOCK: head}
    # What has come further than the export tells more than it.
    digests = {
        name: await digest(connection, tenant, name, position) for name, position in reached.items() if position <= last
    }
    return _View(head, last, types, digests, await seal_on(connection, tenant, last))


def _as_read(wanted: Wanted, view: _View) -> HistoryRead:
    what = {"format": wanted.form.value, "personal": wanted.personal, "from": 1, "to": view.last, "export": True}
    return HistoryRead(_operator(), "operator", what, wanted.reason)


def _operator() -> str:
    """Who is at the terminal, as far as the system knows."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


async def _write(pool: asyncpg.Pool, codec: Codec | None, wanted: Wanted, view: _View, progress: Progress) -> Manifest:
    reader = LogReader(pool, wanted.tenant)
    bar = progress.add_task("exporting", total=view.last)
    everything = sha256()
    files: list[EventsFile] = []
    targets: list[Target] = []
    try:
        for number, after in enumerate(range(0, view.last, EVENTS_PER_FILE), 1):
            target = Target(wanted.folder / f"events-{number:06}.{wanted.form}", everything)
            targets.append(target)
            selection = Selection(after, min(after + EVENTS_PER_FILE, view.last))
            written = await write_file(
                wanted.form, target, reader, selection, codec, lambda events: progress.advance(bar, events)
            )
            files.append(written)
        leaves = None if view.seal is None else await write_leaves(pool, wanted.tenant, wanted.folder, view.seal)
        manifest = Manifest(
            software=version("daybook"),
            made_at=datetime.now(UTC),
            tenant=wanted.tenant,
            form=wanted.form,
            personal=wanted.personal,
            first=1,
            last=view.last,
            head=view.head,
            types=view.types,
            files=files,
            sha256=everything.hexdigest(),
            checkpoint=None if view.seal is None else view.seal.note,
            leaves=leaves,
            digests=view.digests,
        )
        await asyncio.to_thread(write_manifest, wanted.folder, manifest)
    except BaseException as error:
        _clear(wanted.folder, targets)
        if isinstance(error, ValueError | OSError):
            raise Failure(f"nothing was exported: {error}") from error
        raise
    return manifest


def _clear(folder: Path, targets: Iterable[Target]) -> None:
    """Leave nothing that could be taken for an export."""
    for target in targets:
        target.abandon()
        target.path.unlink(missing_ok=True)
    for part in folder.glob(f"*{PART}"):
        part.unlink(missing_ok=True)
    for name in (LEAVES, MANIFEST, SUMS):
        (folder / name).unlink(missing_ok=True)
