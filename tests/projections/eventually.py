"""Waiting for what happens by itself, and in time."""

import asyncio
from collections.abc import Awaitable, Callable


async def eventually(condition: Callable[[], Awaitable[object]], patience: float = 10.0) -> None:
    """Return as soon as the condition holds. Raises TimeoutError after `patience` seconds."""
    async with asyncio.timeout(patience):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)
