"""What is written to the logs when something goes wrong: where and what, and nothing of whom it went wrong for."""

import json
import logging
from typing import Any, cast
from uuid import uuid4

import asyncpg
import pytest
import structlog

from daybook.logs import configure_logs
from daybook.settings import Place
from tests.databases import Database

SAID = "Ada Lovelace of St James's Square"


async def refused(database: Database) -> asyncpg.PostgresError:
    """What the database says of an account whose mail address is taken: with the address."""
    connection = await asyncpg.connect(database.url)
    add = "INSERT INTO accounts (tenant_id, account_id, email, roles) VALUES ('default', $1, $2, '{}')"
    try:
        await connection.execute(add, uuid4(), SAID)
        await connection.execute(add, uuid4(), SAID)
    except asyncpg.UniqueViolationError as error:
        return error
    finally:
        await connection.close()
    raise AssertionError("it is taken")


@pytest.mark.parametrize("form", ["json", "text"])
async def test_an_error_is_told_without_its_words(
    database: Database, monkeypatch: pytest.MonkeyPatch, capfdbinary: Any, form: str
) -> None:
    error = await refused(database)
    assert SAID in str(error), "there is something to keep quiet"
    # As in a process that has just begun.
    monkeypatch.setattr(logging.root, "handlers", [])
    for name in ("uvicorn", "uvicorn.error"):
        for attribute, value in (("handlers", []), ("propagate", True), ("disabled", False)):
            monkeypatch.setattr(logging.getLogger(name), attribute, value)
    configure_logs(Place(log_format=cast(Any, form)))
    wrapped = ValueError(f"no room for {SAID}")
    wrapped.__cause__ = error
    structlog.get_logger("api").error("internal error", path="/accounts", exc_info=wrapped)
    logging.getLogger("uvicorn.error").error("Exception in ASGI application", exc_info=wrapped)
    structlog.reset_defaults()
    written = capfdbinary.readouterr().out.decode()
    assert SAID not in written
    assert written.count("asyncpg.exceptions.UniqueViolationError (23505, accounts_one_per_email, accounts)") == 2
    assert written.count("ValueError") == 2
    assert written.count("test_logs.py") >= 2
    if form == "json":
        assert json.loads(written.splitlines()[0])["event"] == "internal error"
