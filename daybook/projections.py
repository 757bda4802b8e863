"""`daybook projections`: what an operator does about read models."""

import asyncio

import uvloop

from daybook.rebuilding import rebuild as road
from daybook.rebuilding.progress import Reporter
from daybook.rebuilding.status import show
from daybook.settings import Settings

INTERRUPTED = 130


def status(settings: Settings, as_json: bool) -> None:
    """Print where every projection stands."""
    asyncio.run(show(settings, as_json=as_json))


def rebuild(settings: Settings, name: str, *, resume: bool = False) -> int:
    """Make a read model anew and have it serve. 0, or 130 when interrupted. Raises Failure."""
    reporter = Reporter()
    try:
        uvloop.run(road.rebuild(settings, name, reporter, resume=resume))
    except KeyboardInterrupt:
        reporter.say(f"interrupted: nothing was swapped; `daybook projections resume {name}` goes on from here")
        return INTERRUPTED
    return 0


def rollback(settings: Settings, name: str) -> None:
    """Have what was kept serve again. Raises Failure."""
    uvloop.run(road.rollback(settings, name, Reporter()))


def drop(settings: Settings, name: str) -> None:
    """Drop what is kept, and what an unfinished rebuild left. Raises Failure."""
    uvloop.run(road.drop(settings, name, Reporter()))
