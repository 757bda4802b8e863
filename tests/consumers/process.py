"""The service's processes, started as `up` starts them."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType

from daybook.settings import Settings


class Process:
    """`daybook NAME …` with these settings; its output is kept. Killed at the end of the block, if it still runs."""

    def __init__(self, name: str, settings: Settings, *arguments: str) -> None:
        self._output = settings.data / f"{name}-{time.monotonic_ns()}.log"
        environment = {
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SMTP_URL": settings.smtp_url,
            "DAYBOOK_DATA": str(settings.data),
            "DAYBOOK_SECRET": settings.secret,
            "DAYBOOK_MASTER_KEY": base64.b64encode(settings.master_key).decode(),
        }
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "daybook", name, *arguments],
                env=os.environ | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def output(self) -> str:
        return Path(self._output).read_text()

    def kill(self) -> None:
        """SIGKILL, and gone."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        """SIGSTOP: it stands still in the middle of whatever it does."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._process.send_signal(signal.SIGCONT)

    async def ended(self) -> int:
        """The exit status, once it has ended by itself."""
        return await asyncio.to_thread(self._process.wait, 20)

    async def stop(self) -> tuple[int, float]:
        """SIGTERM; answers the exit status and the seconds that it took."""
        started = time.monotonic()
        self._process.send_signal(signal.SIGTERM)
        return await self.ended(), time.monotonic() - started

    def __enter__(self) -> "Process":
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.kill()
        if error is not None:
            print(self.output())


async def until(holds: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait until something holds; fail when it does not in time."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.05)
