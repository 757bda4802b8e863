"""`daybook projections` as a process: what it prints, and what is left when it is interrupted."""

import asyncio
import base64
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg
import pytest
from redis.asyncio import Redis

from tests.databases import Database
from tests.projections.book import SECRET, Book, open_book
from tests.projections.business import moved, placed
from tests.projections.eventually import eventually

MASTER_KEY = os.urandom(32)
"""The command line takes none that is easily guessed."""

Daybook = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
async def book(database: Database, redis: Redis) -> AsyncIterator[Book]:
    async with open_book(database.url, redis, master_key=MASTER_KEY) as opened:
        await opened.given(placed(), moved(placed(), "confirmed"))
        yield opened


@pytest.fixture
def daybook(database: Database, book: Book, tmp_path: Path) -> Daybook:
    """Starts the command line."""
    environment = os.environ | {
        "DATABASE_URL": database.url,
        "DATABASE_OWNER_URL": database.owner_url,
        "REDIS_URL": "redis://127.0.0.1:1",
        "DAYBOOK_DATA": str(tmp_path),
        "DAYBOOK_SECRET": SECRET,
        "DAYBOOK_MASTER_KEY": base64.b64encode(MASTER_KEY).decode(),
    }

    def start(*words: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "daybook", *words],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


async def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    """Its exit status, and what it said."""
    out, err = await asyncio.to_thread(process.communicate, timeout=60)
    return process.returncode, out, err


async def test_a_rebuild_is_told_in_lines_where_there_is_no_terminal(daybook: Daybook) -> None:
    status, out, err = await ended(daybook("rebuild", "orders"))
    assert (status, out) == (0, ""), err
    assert "default: 2 rows are what the log says" in err.splitlines()
    assert err.splitlines()[-1].startswith("orders: the rebuilt tables serve")


async def test_status_is_there_for_programs(daybook: Daybook, book: Book) -> None:
    await ended(daybook("projections", "rebuild", "orders"))
    status, out, _ = await ended(daybook("projections", "status", "--json"))
    (orders,) = [one for one in json.loads(out) if (one["tenant"], one["projection"]) == ("default", "orders")]
    assert status == 0
    assert (orders["position"], orders["behind_events"], orders["kept"]) == (3, 0, 1)


async def test_what_cannot_be_rebuilt_is_refused_in_a_line(daybook: Daybook) -> None:
    status, _, err = await ended(daybook("projections", "rebuild", "accounts"))
    assert (status, err) == (2, "daybook: accounts cannot be rebuilt: passwords are not in the log\n")


async def test_interrupted_before_the_swap_it_can_be_resumed(
    daybook: Daybook, book: Book, owner: asyncpg.Connection
) -> None:
    before = await book.read_models()
    async with owner.transaction():
        # As a backup does: it reads for long, and the swap lets it.
        await owner.execute("LOCK TABLE order_list IN ACCESS SHARE MODE")
        rebuilding = daybook("projections", "rebuild", "orders")
        await eventually(lambda: _is_made(book), 30)
        rebuilding.send_signal(signal.SIGINT)
        status, _, err = await ended(rebuilding)
    assert status == 130
    assert "`daybook projections resume orders` goes on from here" in err
    await book.given(placed())
    after = await book.read_models()
    assert after != before
    status, _, err = await ended(daybook("projections", "resume", "orders"))
    assert (status, await book.read_models()) == (0, after), err
    status, _, err = await ended(daybook("projections", "resume", "orders"))
    assert (status, err) == (1, "daybook: there is no unfinished rebuild of orders\n")


async def _is_made(book: Book) -> bool:
    rows = await book.rows("SELECT position FROM checkpoints WHERE tenant_id = $1 AND projection = 'orders~rebuild'")
    return rows == [(3,)]
