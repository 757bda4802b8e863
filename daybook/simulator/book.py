"""The simulator's book: payments, answers and webhooks in one SQLite file."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from events.log.statements import load_statements

SQL = load_statements(Path(__file__).parent / "sql")


class Book:
    """The statements of one file, each a few dozen microseconds, so no thread is bothered with them.

    What is in it outlives the process. It does not wait for the disk, so a machine that loses its power may lose the
    last of it: a demonstration can bear that.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError or sqlite3.Error when it cannot be kept there."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL").fetchall()
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.executescript(SQL.schema)

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """One transaction."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    def rows(self, statement: str, **values: Any) -> list[dict[str, Any]]:
        """The rows of a statement of `SQL`, by column."""
        return [dict(row) for row in self._connection.execute(statement, values)]

    def row(self, statement: str, **values: Any) -> dict[str, Any] | None:
        """Its only row, if there is one."""
        return next(iter(self.rows(statement, **values)), None)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
