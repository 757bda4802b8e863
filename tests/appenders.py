"""Appenders to a test's database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Protocol

from events.log.appender import Appender
from events.log.connect import connect


class NewAppender(Protocol):
    """Makes an appender; `options` are the Appender's own."""

    def __call__(self, tenant: str = "default", **options: Any) -> Appender: ...


@asynccontextmanager
async def make_appenders(url: str) -> AsyncIterator[NewAppender]:
    """Appenders to the database at `url`, closed at the end."""
    made: list[Appender] = []

    def new_appender(tenant: str = "default", **options: Any) -> Appender:
        appender = Appender(tenant, lambda: connect(url, "test append"), **options)
        made.append(appender)
        return appender

    try:
        yield new_appender
    finally:
        for appender in made:
            await appender.close()
