"""`daybook projections rebuild | resume | rollback | drop`: the road of a second set of tables.

begin ──► load whole streams, or follow the log ──► indexes ──► catch up ──► compare ──► swap ──► kept
                      (what is done is committed: `resume` goes on from there)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import blake2b

import asyncpg

from daybook.failure import Failure
from daybook.read_models import VERSIONS, make_read_model
from daybook.rebuilding import tables
from daybook.rebuilding.compare import compare
from daybook.rebuilding.cores import cores
from daybook.rebuilding.load import load_streams, make_beside, open_pool
from daybook.rebuilding.progress import Reporter, Told
from daybook.rebuilding.swap import StreamsParked, swap
from daybook.settings import Settings
from events.codec import Codec
from events.log.reader import LogReader
from events.log.tenants import all_tenants
from events.personal import Keyring
from projections.beside import Beside, Place
from projections.checkpoints import SQL, move_checkpoint, read_checkpoint
from projections.feed import Feed
from projections.parking import retry_parked
from projections.projection import Projection
from projections.runner import Runner

_BATCH = 5_000
_TOLD_EVERY = 20_000
_COMPARED_BY_ONE = 20_000
"""Events; with fewer, a process more would hardly have begun when all is done."""


async def rebuild(settings: Settings, name: str, reporter: Reporter, *, resume: bool = False) -> None:
    """Make the tables of a projection anew beside those that serve, and have them serve. Raises Failure.

    `resume`: go on with what was begun, instead of beginning again.
    """
    async with _alone(settings, name) as (owner, projection):
        place = Place(name, "rebuild")
        if resume:
            await _check_begun(owner, place)
        else:
            await tables.begin(owner, place, projection)
        async with await open_pool(settings, place) as pool:
            await _Making(settings, owner, pool, place, projection, reporter).make(resume=resume)
    reporter.say(f"{name}: the rebuilt tables serve; those that served are kept: daybook projections rollback {name}")


async def rollback(settings: Settings, name: str, reporter: Reporter) -> None:
    """Have the tables serve again that were kept at the last swap. Raises Failure."""
    async with _alone(settings, name) as (owner, projection):
        place = Place(name, "previous")
        if not await tables.exist(owner, place):
            raise Failure(f"nothing is kept of {name}: it was not swapped, or what was kept is dropped")
        await _check_version(owner, place, at_most=True)
        async with await open_pool(settings, place) as pool:
            making = _Making(settings, owner, pool, place, projection, reporter)
            try:
                await making.catch_up_all()
                await swap(owner, place, projection, making.bring_to)
            except asyncpg.UndefinedColumnError as error:
                raise Failure(f"the kept tables are too old for this release: {error}") from error
    reporter.say(f"{name}: the tables that were kept serve again, the others are kept")


async def drop(settings: Settings, name: str, reporter: Reporter) -> None:
    """Drop what is kept of a projection, and what an unfinished rebuild left. Raises Failure."""
    async with _alone(settings, name) as (owner, _):
        for kind in ("previous", "rebuild"):
            place = Place(name, kind)
            if await tables.exist(owner, place):
                await tables.drop(owner, place)
                reporter.say(f"{name}: dropped {place.schema}")


class _Making:
    """One second set of tables, and what brings it to the end of the log."""

    def __init__(
        self,
        settings: Settings,
        owner: asyncpg.Connection,
        pool: asyncpg.Pool,
        place: Place,
        projection: Projection,
        reporter: Reporter,
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._pool = pool
        self._place = place
        self._projection = projection
        self._reporter = reporter
        self._besides: dict[str, Beside] = {}

    async def make(self, *, resume: bool) -> None:
        """All of it, from where it stands."""
        for tenant in await all_tenants(self._pool):
            with self._reporter.stage(f"{tenant}: making {self._place.projection}") as told:
                await self._load(tenant, told)
        await tables.finish_tables(self._owner, self._place, self._projection)
        await self.catch_up_all()
        for tenant in await all_tenants(self._pool):
            if resume:
                await retry_parked(self._pool, tenant, self._beside(tenant))
            await self._refuse_parked(tenant)
            await self._compare(tenant)
        await self.catch_up_all()
        await swap(self._owner, self._place, self._projection, self._complete_to)

    async def catch_up_all(self) -> None:
        """Bring every tenant's tables to the end of its log."""
        for tenant in await all_tenants(self._pool):
            with self._reporter.stage(f"{tenant}: catching up {self._place.projection}") as told:
                reached, head = await self.bring_to(tenant, 0), await LogReader(self._pool, tenant).head()
                while reached < head:
                    told(reached, head)
                    reached = await self.bring_to(tenant, min(reached + _TOLD_EVERY, head))

    async def bring_to(self, tenant: str, until: int) -> int:
        """Apply what is not applied up to a position; answers the position that was reached."""
        feed = Feed(LogReader(self._pool, tenant), keep=0)
        return await Runner(tenant, self._beside(tenant), self._pool, feed, _Alone(), batch=_BATCH).catch_up(until)

    def _beside(self, tenant: str) -> Beside:
        """Kept, with the persons' keys that it has loaded."""
        if tenant not in self._besides:
            self._besides[tenant] = make_beside(self._pool, tenant, self._place, self._settings)
        return self._besides[tenant]

    async def _complete_to(self, tenant: str, until: int) -> int:
        reached = await self.bring_to(tenant, until)
        await self._refuse_parked(tenant)
        return reached

    async def _load(self, tenant: str, told: Told) -> None:
        version = self._projection.version
        if await read_checkpoint(self._pool, tenant, self._place.checkpoint, version) == 0:
            until = await load_streams(self._settings, self._pool, tenant, self._place, told)
            if until:
                await move_checkpoint(self._pool, tenant, self._place.checkpoint, 0, until, version)

    async def _refuse_parked(self, tenant: str) -> None:
        parked = await self._pool.fetch(SQL.read_parked, tenant, self._place.checkpoint)
        streams = {str(row["stream_id"]): row["error"] for row in reversed(parked)}
        if streams:
            first = ", ".join(f"{stream} ({error})" for stream, error in list(streams.items())[:10])
            raise StreamsParked(
                f"{tenant}: {len(streams)} streams could not be applied, nothing was swapped: {first};"
                f" when that is mended: daybook projections resume {self._place.projection}"
            )

    async def _compare(self, tenant: str) -> None:
        name = self._place.projection
        self._reporter.say(f"{tenant}: comparing {name} with a replay of the log")
        head = await LogReader(self._pool, tenant).head()
        parts = min(cores(), 1 + head // _COMPARED_BY_ONE)
        tally = await compare(self._settings, self._place, tenant, self._projection.version, parts=parts)
        if tally is None:
            self._reporter.say(f"{tenant}: not compared, nothing else tells {name} from the log")
        elif tally.wrong:
            raise Failure(
                f"{tenant}: {tally.wrong} of {tally.compared} rebuilt rows are not what the log says, for example"
                f" {tally.example}; nothing was swapped"
            )
        else:
            self._reporter.say(f"{tenant}: {tally.compared} rows are what the log says")


class _Alone:
    """Leads a projection that nobody else runs."""

    async def holds(self, name: str) -> bool:
        return True

    async def gives_up(self, name: str) -> None:
        return None


@asynccontextmanager
async def _alone(settings: Settings, name: str) -> AsyncIterator[tuple[asyncpg.Connection, Projection]]:
    """The owner's connection, and the projection; nobody else rebuilds it meanwhile. Raises Failure."""
    owner = await asyncpg.connect(settings.database_owner_url, server_settings={"application_name": "daybook rebuild"})
    try:
        projection = make_read_model(name, "", Codec(Keyring(owner, "", settings.master_keys)))
        key = int.from_bytes(blake2b(name.encode(), digest_size=8, person=b"daybook-rebuild").digest(), signed=True)
        if not await owner.fetchval("SELECT pg_try_advisory_lock($1)", key):
            raise Failure(f"{name} is being rebuilt or rolled back by another process")
        yield owner, projection
    finally:
        await owner.close()


async def _check_begun(owner: asyncpg.Connection, place: Place) -> None:
    if not await tables.exist(owner, place):
        raise Failure(f"there is no unfinished rebuild of {place.projection}")
    await _check_version(owner, place, at_most=False)


async def _check_version(owner: asyncpg.Connection, place: Place, *, at_most: bool) -> None:
    """These tables are of a version that this code can go on with. Raises Failure."""
    code = VERSIONS[place.projection]
    for tenant in await all_tenants(owner):
        row = await owner.fetchrow(SQL.read_checkpoint, tenant, place.checkpoint)
        if row is None or row["version"] == code or (at_most and row["version"] < code):
            continue
        raise Failure(
            f"{place.schema} is of version {row['version']} of {place.projection}, and this release makes version"
            f" {code}: take the release that made it, or begin again"
        )
