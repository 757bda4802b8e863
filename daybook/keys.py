"""`daybook keys`: another master key. Every key that it wraps is wrapped anew; the log is not touched.

    keys new (or the environment) ──► restart: both keys are good ──► keys rotate ──► only the new one is needed

What was wrapped anew is told by the wrapping itself, so a run that was cut off is run again.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import asyncpg
from cryptography.exceptions import InvalidTag
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from daybook.failure import Failure
from daybook.secrets import SECRETS_FILE, another_master_key, read_private, write_private
from daybook.settings import Place, Settings
from events.log.connect import connect
from events.log.statements import load_statements
from events.log.tenants import all_tenants
from events.mail_claims import SQL as CLAIMS
from events.mail_claims import claim_key, claim_wrapping_of
from events.master_key import MasterKey
from events.personal import wrapping_of

SQL = load_statements(Path(__file__).parent / "sql" / "keys")

AT_ONCE = 1_000
"""Keys of one statement: few enough that nobody waits for it."""

_IN_ENVIRONMENT = ("DAYBOOK_MASTER_KEY", "DAYBOOK_MASTER_KEY_FILE")
_BEFORE_ALL = UUID(int=0)


def new(place: Place) -> None:
    """Make another master key in the data folder, beside the one so far. Raises Failure."""
    if any(os.environ.get(name) for name in _IN_ENVIRONMENT):
        raise Failure(
            "the master key is in the environment: put the one so far into DAYBOOK_MASTER_KEY_PREVIOUS and "
            "another one (`openssl rand -base64 32`) into DAYBOOK_MASTER_KEY, restart, and run `daybook keys rotate`"
        )
    another_master_key(place.data)
    print("there is another master key, beside the one so far: restart now, and then run `daybook keys rotate`")


def rotate(settings: Settings) -> int:
    """Wrap everything by the new master key. 0: the one before it is not needed any more; 1: some keys fit neither."""
    if settings.master_key_previous is None:
        raise Failure("there is no previous master key, so there is nothing to do: begin with `daybook keys new`")
    console = Console(stderr=True, highlight=False)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    ) as progress:
        wrapped, foreign = asyncio.run(_rotate(settings, progress))
    print(f"{wrapped} keys were wrapped anew")
    if foreign:
        print(f"{foreign} keys were wrapped by neither master key, and cannot be read: keep the previous one, and look")
        return 1
    _let_go_of_previous(settings)
    return 0


async def _rotate(settings: Settings, progress: Progress) -> tuple[int, int]:
    connection = await connect(settings.database_url, "daybook keys")
    wrapped = foreign = 0
    try:
        for tenant in await all_tenants(connection):
            wrapped += await rewrap_claim_key(connection, tenant, settings.master_keys)
            bar = progress.add_task(tenant, total=await connection.fetchval(SQL.count_keys, tenant))
            looked_at = partial(progress.advance, bar)
            here, foreign_here = await rewrap_keys(connection, tenant, settings.master_keys, looked_at)
            wrapped, foreign = wrapped + here, foreign + foreign_here
    finally:
        await connection.close()
    return wrapped, foreign


async def rewrap_claim_key(connection: asyncpg.Connection, tenant: str, master_key: MasterKey) -> int:
    """Wrap the key of a tenant's claims by the current master key; answers how many were not (0 or 1)."""
    await claim_key(connection, tenant, master_key)
    was = await connection.fetchval(CLAIMS.find_claim_key, tenant)
    anew = master_key.rewrap(was, claim_wrapping_of(tenant))
    if anew is None:
        return 0
    return int((await connection.execute(SQL.rewrap_claim_key, tenant, was, anew)).removeprefix("UPDATE "))


async def rewrap_keys(
    connection: asyncpg.Connection, tenant: str, master_key: MasterKey, looked_at: Callable[[int], None]
) -> tuple[int, int]:
    """Wrap persons' keys by the current master key, until a whole pass finds none that is not: whoever still works with
    the previous one may add some meanwhile. Answers how many were wrapped anew, and how many fit neither."""
    wrapped = 0
    while True:
        here, foreign = await _pass(connection, tenant, master_key, looked_at)
        wrapped += here
        if not here:
            return wrapped, foreign


async def _pass(
    connection: asyncpg.Connection, tenant: str, master_key: MasterKey, looked_at: Callable[[int], None]
) -> tuple[int, int]:
    wrapped = foreign = 0
    after = _BEFORE_ALL
    while rows := await connection.fetch(SQL.next_keys, tenant, after, AT_ONCE):
        anew: dict[UUID, bytes] = {}
        for row in rows:
            try:
                again = master_key.rewrap(row["wrapped"], wrapping_of(tenant, row["person_id"]))
            except InvalidTag:
                foreign += 1
                continue
            if again is not None:
                anew[row["person_id"]] = again
        if anew:
            was: Mapping[UUID, bytes] = {row["person_id"]: row["wrapped"] for row in rows}
            done = await connection.execute(
                SQL.rewrap_keys, tenant, list(anew), [was[person] for person in anew], list(anew.values())
            )
            wrapped += int(done.removeprefix("UPDATE "))
        after = rows[-1]["person_id"]
        looked_at(len(rows))
    return wrapped, foreign


def _let_go_of_previous(settings: Settings) -> None:
    path = settings.data / SECRETS_FILE
    found = read_private(path)
    previous = found.pop("master_key_previous", None)
    if previous is not None:
        aside = path.with_name(f"master_key_before_{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json")
        write_private(aside, {"master_key": previous})
        write_private(path, found)
        print(f"the previous master key is not used any more: it was put aside into {aside}")
    else:
        print("the previous master key is not used any more: take it out of DAYBOOK_MASTER_KEY_PREVIOUS")
    print("backups from before need it, for as long as they are kept; then destroy it")
