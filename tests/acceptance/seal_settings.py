"""Settings of a process that seals, for the tests of what is done with seals."""

from pathlib import Path

from daybook.settings import Settings
from tests.databases import Database
from tests.projections.book import MASTER_KEY, SECRET
from tests.projections.sealing import ORIGIN, SEED


def sealing(database: Database, folder: Path) -> Settings:
    """They keep checkpoints in this folder."""
    return Settings(
        database_url=database.url,
        database_owner_url=database.owner_url,
        redis_url="redis://127.0.0.1:1",
        secret=SECRET,
        master_key=MASTER_KEY,
        seal_key=SEED,
        seal_origin=ORIGIN,
        seal_kept_dir=folder,
    )
