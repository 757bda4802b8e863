"""`daybook import` as a process: cut off, cut from the database, beside another one, and before a terminal."""

import asyncio
import base64
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from commands.import_order import order_id_of
from daybook.settings import Settings
from daybook.shop import Shop
from tests.acceptance.importing import (
    EXAMPLE,
    Importing,
    all_is_well,
    database,
    figures,
    imported,
    many,
    pool,
    run,
    settings,
    shop,
    written,
)

__all__ = ["database", "pool", "run", "settings", "shop"]

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(settings: Settings, shop: Shop, tmp_path: Path) -> Start:
    """Starts an import of a file into this test's shop; `errors` is where its stderr goes."""
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "DAYBOOK_DATA": str(tmp_path),
        "DAYBOOK_SECRET": settings.secret,
        "DAYBOOK_MASTER_KEY": base64.b64encode(settings.master_key).decode(),
        "TERM": "xterm",
        "COLUMNS": "100",
    }

    def start(file: Path, errors: int = subprocess.PIPE) -> "subprocess.Popen[str]":
        words = [sys.executable, "-m", "daybook", "import", "--tenant", shop.tenant, str(file)]
        return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=errors, text=True)

    return start


@pytest.mark.parametrize(("signal_", "status"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
async def test_cut_off_and_run_again_it_goes_on_from_there(
    start: Start,
    run: Importing,
    tmp_path: Path,
    shop: Shop,
    settings: Settings,
    pool: asyncpg.Pool,
    signal_: signal.Signals,
    status: int,
) -> None:
    orders = 2_000
    file = written(tmp_path / "orders.ndjson", *many(orders))
    process = start(file)
    await under_way(process, shop)
    process.send_signal(signal_)
    _, said = await asyncio.to_thread(process.communicate)
    assert process.returncode == status
    assert ("run it again" in said) == (signal_ is signal.SIGINT)
    in_the_log = len(await imported(pool, shop))
    assert 0 < in_the_log < orders
    found = await run(file)
    assert (found["orders imported"], found["orders unchanged"]) == (orders - in_the_log, in_the_log)
    assert sorted(await imported(pool, shop)) == sorted(order_id_of(shop.tenant, f"M-{n}") for n in range(orders))
    await all_is_well(shop, settings)


async def test_a_connection_that_is_lost_in_a_commit_costs_no_order(
    start: Start, settings: Settings, tmp_path: Path, shop: Shop, pool: asyncpg.Pool
) -> None:
    orders = 1_500
    process = start(written(tmp_path / "orders.ndjson", *many(orders)))
    await under_way(process, shop)
    owner = await asyncpg.connect(settings.database_owner_url)
    for _ in range(2):
        await owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1",
            "daybook import append",
        )
        await asyncio.sleep(0.02)
    await owner.close()
    assert process.poll() is None
    out, said = await asyncio.to_thread(process.communicate)
    assert (process.returncode, said) == (0, "")
    assert figures(out)["orders imported"] == orders
    assert len(await imported(pool, shop)) == orders
    await all_is_well(shop, settings)


async def test_two_at_once_import_each_order_once(
    start: Start, settings: Settings, tmp_path: Path, shop: Shop, pool: asyncpg.Pool
) -> None:
    orders = 600
    file = written(tmp_path / "orders.ndjson", *many(orders))
    both = [start(file), start(file)]
    found = [figures((await asyncio.to_thread(process.communicate))[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(one["orders imported"] for one in found) == orders
    assert sum(one["orders unchanged"] for one in found) == orders
    assert len(await imported(pool, shop)) == orders
    await all_is_well(shop, settings)


async def test_a_terminal_sees_how_far_it_is(start: Start) -> None:
    terminal, side = pty.openpty()
    process = start(EXAMPLE, side)
    out, _ = await asyncio.to_thread(process.communicate)
    os.close(side)
    shown = os.read(terminal, 65_536).decode()
    os.close(terminal)
    assert process.returncode == 0
    assert "importing" in shown
    assert "100%" in shown
    assert "8 orders" in shown
    assert figures(out)["orders imported"] == 8


async def under_way(process: "subprocess.Popen[str]", shop: Shop) -> None:
    """Return once an import is in the middle of it."""
    while await shop.reader.head() < 1_000:
        assert process.poll() is None
        await asyncio.sleep(0.01)
