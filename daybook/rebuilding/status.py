"""`daybook projections status`: where every projection of every tenant stands."""

import json
from typing import NamedTuple

import asyncpg

from daybook.read_models import VERSIONS
from daybook.rebuilding.load import open_pool
from daybook.rebuilding.tables import SQL, exist
from daybook.settings import Settings
from events.log.connect import create_pool
from events.log.tenants import all_tenants
from projections.beside import Place


class Standing(NamedTuple):
    """One projection of one tenant. `version` is this code's, `rows_version` that which made the rows (None: none yet).

    `behind_events` and `behind_seconds` say how late it is: the second, since the first event that it has not applied
    was recorded. `parked`: streams. `rebuild`: how much of a rebuild under way is made, 0 to 1. `kept`: the version of
    the tables that can be rolled back to.
    """

    tenant: str
    projection: str
    version: int
    rows_version: int | None
    position: int
    behind_events: int
    behind_seconds: float
    parked: int
    rebuild_needed: bool
    rebuild: float | None
    rebuild_parked: int
    kept: int | None


async def standings(settings: Settings) -> list[Standing]:
    """All of them, tenant by tenant."""
    async with await create_pool(settings.database_url, "daybook projections", max_size=2) as pool:
        return [standing for tenant in await all_tenants(pool) for standing in await _of_tenant(settings, pool, tenant)]


async def _of_tenant(settings: Settings, pool: asyncpg.Pool, tenant: str) -> list[Standing]:
    rows = {row["projection"]: row for row in await pool.fetch(SQL.read_status, tenant)}
    head = await pool.fetchval("SELECT position FROM log_heads WHERE tenant_id = $1", tenant) or 0
    found = []
    for name, version in VERSIONS.items():
        row = rows.get(name)
        beside, kept = (rows.get(Place(name, kind).checkpoint) for kind in ("rebuild", "previous"))
        made = None if beside is None else await _made(settings, pool, tenant, Place(name, "rebuild"), beside, head)
        found.append(
            Standing(
                tenant,
                name,
                version,
                None if row is None else row["version"],
                0 if row is None else row["position"],
                head if row is None else row["events_behind"],
                0.0 if row is None else round(row["seconds_behind"], 3),
                0 if row is None else row["parked"],
                row is not None and row["version"] != version,
                made,
                0 if beside is None else beside["parked"],
                None if kept is None else kept["version"],
            )
        )
    return found


async def _made(
    settings: Settings, pool: asyncpg.Pool, tenant: str, place: Place, beside: asyncpg.Record, head: int
) -> float | None:
    if not await exist(pool, place):
        return None
    position = beside["position"]
    if position == 0:
        async with await open_pool(settings, place) as beside_pool:
            (ranges,) = await beside_pool.fetch(SQL.count_ranges, tenant)
            position = ranges["positions"]
    return round(position / head, 4) if head else 1.0


async def show(settings: Settings, *, as_json: bool) -> None:
    """Print them: a table for people, or one JSON array."""
    found = await standings(settings)
    if as_json:
        print(json.dumps([one._asdict() for one in found], indent=2))
        return
    lines = [("tenant", "projection", "version", "position", "behind", "parked", "")]
    for one in found:
        behind = f"{one.behind_events} events, {one.behind_seconds:.1f} s"
        lines.append(
            (one.tenant, one.projection, _versions(one), str(one.position), behind, str(one.parked), _remarks(one))
        )
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _versions(one: Standing) -> str:
    if one.rows_version in (None, one.version):
        return str(one.version)
    return f"{one.version}, rows {one.rows_version}"


def _remarks(one: Standing) -> str:
    remarks: list[str] = []
    if one.rebuild_needed:
        newer = one.rows_version is not None and one.rows_version > one.version
        remarks.append("rows made by a newer release" if newer else "rebuild needed")
    if one.rebuild is not None:
        remarks.append(f"rebuild {one.rebuild:.0%} made")
    if one.rebuild_parked:
        remarks.append(f"{one.rebuild_parked} streams parked in the rebuild")
    if one.kept is not None:
        remarks.append(f"version {one.kept} kept")
    return ", ".join(remarks)
